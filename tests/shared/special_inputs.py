"""Inputs for every special function of SciPy that has derivative rules, inside of its domain."""

from __future__ import annotations

import numpy as np

REAL = np.array([-1.7, -0.3, 0.01, 0.6, 2.2])
POSITIVE = np.array([0.1, 0.45, 0.9, 1.6, 3.7])
UNIT = np.array([0.04, 0.2, 0.5, 0.7, 0.93])
SIGNED_UNIT = np.array([-0.8, -0.4, 0.05, 0.3, 0.9])
SHAPE = np.array([0.6, 1.0, 1.5, 2.3, 4.0])
OTHER = np.array([2.5, 0.8, 1.7, 1.0, 3.2])
COUNT = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
INTEGER = COUNT.astype(int)
ORDER = np.array([-1.3, 0.0, 0.5, 1.0, 2.0])

#: The name of an operation -> its inputs.
INPUTS: dict[str, tuple[np.ndarray, ...]] = {
    **dict.fromkeys("erf erfc erfcx erfi dawsn ndtr log_ndtr expit log_expit softplus".split(), (REAL,)),
    **dict.fromkeys("exp2 expm1 cbrt cosm1 exprel sindg cosdg tandg round".split(), (REAL,)),
    "exp10": (SIGNED_UNIT,),
    **dict.fromkeys("j0 j1 i0 i1 i0e i1e airy_0 airy_1 airy_2 airy_3".split(), (REAL,)),
    **dict.fromkeys("sici_0 shichi_0 fresnel_0 fresnel_1 wrightomega".split(), (REAL,)),
    **dict.fromkeys("gammaln loggamma y0 y1 k0 k0e k1 k1e sici_1 shichi_1 exp1 expi entr".split(), (POSITIVE,)),
    **dict.fromkeys("ber bei ker kei berp beip kerp keip cotdg spence".split(), (POSITIVE,)),
    **dict.fromkeys("psi gamma rgamma gammasgn".split(), (np.array([-2.3, -0.6, 0.2, 1.4, 3.3]),)),
    **dict.fromkeys("logit ndtri ellipkm1".split(), (UNIT,)),
    "erfinv": (SIGNED_UNIT,),
    "erfcinv": (UNIT * 2.0,),
    "ndtri_exp": (np.log(UNIT),),
    "log1p": (SIGNED_UNIT,),
    **dict.fromkeys("ellipk ellipe".split(), (np.array([-1.5, -0.2, 0.0, 0.5, 0.9]),)),
    **dict.fromkeys("xlogy rel_entr kl_div".split(), (SHAPE, OTHER)),
    **dict.fromkeys("poch beta betaln powm1".split(), (SHAPE, OTHER)),
    "xlog1py": (REAL, SIGNED_UNIT),
    "binom": (np.array([2.5, 3.0, 4.0, 6.2, 3.0]), np.array([0.7, 1.0, 2.0, 3.5, 5.0])),
    "owens_t": (REAL, SHAPE),
    "boxcox": (SHAPE, np.array([-1.2, 0.0, 1e-9, 0.5, 2.0])),
    "boxcox1p": (POSITIVE, np.array([-1.2, 0.0, 1e-9, 0.5, 2.0])),
    "inv_boxcox": (POSITIVE, np.array([-0.3, 0.0, 1e-9, 0.5, 2.0])),
    "inv_boxcox1p": (POSITIVE, np.array([-0.3, 0.0, 1e-9, 0.5, 2.0])),
    **dict.fromkeys("huber pseudo_huber".split(), (POSITIVE, np.array([-1.3, 0.2, 0.3, -2.0, 4.5]))),
    "radian": (REAL, POSITIVE, POSITIVE),
    "polygamma": (COUNT, POSITIVE),
    "zeta": (SHAPE + 1.5, OTHER),
    **dict.fromkeys("gammainc gammaincc".split(), (SHAPE, POSITIVE)),
    **dict.fromkeys("gammaincinv gammainccinv".split(), (SHAPE, UNIT)),
    **dict.fromkeys("betainc betaincc betaincinv betainccinv".split(), (SHAPE, OTHER, UNIT)),
    "lambertw": (np.array([-0.3, -0.2, 0.5, 1.5, -0.1]), np.array([0, -1, 0, 0, -1]), np.full(5, 1e-8)),
    **dict.fromkeys("jv jve yv yve iv ive kv kve".split(), (ORDER, POSITIVE)),
    **dict.fromkeys("yn kn spherical_jn spherical_yn spherical_in spherical_kn expn".split(), (COUNT, POSITIVE + 0.2)),
    **dict.fromkeys("struve modstruve".split(), (ORDER, POSITIVE)),
    "hyp0f1": (SHAPE, REAL),
    "hyp1f1": (SHAPE, OTHER, REAL),
    "hyp2f1": (SHAPE, OTHER, SHAPE + 0.3, 0.5 * SIGNED_UNIT),
    "hyperu": (SHAPE, OTHER + 0.1, POSITIVE),
    "wright_bessel": (SHAPE, OTHER, POSITIVE),
    **dict.fromkeys("eval_legendre eval_chebyt eval_chebyu eval_chebyc eval_chebys".split(), (COUNT, SIGNED_UNIT)),
    **dict.fromkeys("eval_hermite eval_hermitenorm".split(), (INTEGER, REAL)),
    "eval_laguerre": (COUNT, REAL),
    **dict.fromkeys("eval_sh_legendre eval_sh_chebyt eval_sh_chebyu".split(), (COUNT, UNIT)),
    "eval_jacobi": (COUNT, SHAPE, OTHER, SIGNED_UNIT),
    "eval_sh_jacobi": (COUNT, SHAPE + 2.0, SHAPE, UNIT),
    **dict.fromkeys("eval_gegenbauer eval_genlaguerre".split(), (COUNT, SHAPE, SIGNED_UNIT)),
    **dict.fromkeys("ellipkinc ellipeinc".split(), (REAL, SIGNED_UNIT)),
    **dict.fromkeys("ellipj_0 ellipj_1 ellipj_2 ellipj_3".split(), (REAL, UNIT)),
    "stdtr": (SHAPE, REAL),
    "stdtrit": (SHAPE, UNIT),
    **dict.fromkeys("chdtr chdtrc".split(), (SHAPE, POSITIVE)),
    "chdtri": (SHAPE, UNIT),
    **dict.fromkeys("gdtr gdtrc".split(), (OTHER, SHAPE, POSITIVE)),
    "gdtrix": (OTHER, SHAPE, UNIT),
    **dict.fromkeys("fdtr fdtrc".split(), (SHAPE, OTHER, POSITIVE)),
    "fdtri": (SHAPE, OTHER, UNIT),
    **dict.fromkeys("pdtr pdtrc".split(), (COUNT, POSITIVE)),
    **dict.fromkeys("bdtr bdtrc".split(), (COUNT, INTEGER + 3, UNIT)),
    **dict.fromkeys("nbdtr nbdtrc".split(), (COUNT, COUNT + 1.0, UNIT)),
}
