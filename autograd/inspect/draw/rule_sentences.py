"""One sentence for each derivative rule, in English and in Chinese.

``x`` is the input by name, ``v`` its value, ``out`` the result, ``g`` the gradient of the result, ``d`` the local
derivative, ``got`` what the input gets, ``others`` the other operands.
"""

from __future__ import annotations

#: By key: the sentence in each of ``sentences.LANGUAGES``.
RULES: dict[str, tuple[str, str]] = {
    "sum": (
        "A sum passes its gradient on unchanged: {x} gets {got}.",
        "加法把梯度原样传给每一项：{x} 得到 {got}。",
    ),
    "minus": (
        "A term that is subtracted gets the gradient with its sign changed: {x} gets {got}.",
        "被减去的项得到变号后的梯度：{x} 得到 {got}。",
    ),
    "product": (
        "A product gives each factor the gradient times the other factors: {g} × {others} = {got}.",
        "乘法传给每个因子的，是梯度与其余因子的乘积：{g} × {others} = {got}。",
    ),
    "products": (
        "A product gives each factor the gradient times the other factors: for {x} that is {others}.",
        "乘法传给每个因子的，是梯度与其余因子的乘积：对 {x} 来说，其余因子是 {others}。",
    ),
    "numerator": (
        "Dividing by {others} divides the gradient by it, too: {x} gets {got}.",
        "除以 {others}，梯度也随之除以它：{x} 得到 {got}。",
    ),
    "denominator": (
        "The larger the denominator, the smaller the quotient: its slope is -result / denominator, {d}.",
        "分母越大，商越小：商对分母的导数是 -结果 / 分母，此处为 {d}。",
    ),
    "negative": (
        "A minus sign turns the sign of the gradient around: {x} gets {got}.",
        "负号使梯度变号：{x} 得到 {got}。",
    ),
    "power": (
        "A power brings its exponent down: {x} ** {n} has the slope {n} * {x} ** {n1}, here {d}.",
        "对幂求导，指数落到前面：{x} ** {n} 的导数是 {n} * {x} ** {n1}，此处为 {d}。",
    ),
    "exponent": (
        "The exponent of a power has the slope result * log(base), here {d}.",
        "幂对指数的导数是 结果 * log(底数)，此处为 {d}。",
    ),
    "exp": (
        "exp is its own slope: the gradient is multiplied by the result, {out}.",
        "exp 的导数就是它自己：梯度乘以结果 {out}。",
    ),
    "log": (
        "log has the slope 1 / {x}: the smaller the number, the larger the gradient; here {d}.",
        "log 的导数是 1 / {x}：数越小，梯度越大；此处为 {d}。",
    ),
    "sqrt": (
        "A square root has the slope 1 / (2 * result), here {d}.",
        "平方根的导数是 1 / (2 * 结果)，此处为 {d}。",
    ),
    "sin": ("sin has the slope cos({x}), here {d}.", "sin 的导数是 cos({x})，此处为 {d}。"),
    "cos": ("cos has the slope -sin({x}), here {d}.", "cos 的导数是 -sin({x})，此处为 {d}。"),
    "tanh": (
        "tanh has the slope 1 - result², here {d}: 1 in its middle, almost 0 where it is flat.",
        "tanh 的导数是 1 - 结果²，此处为 {d}：在中点处为 1，在饱和区几乎为 0。",
    ),
    "sigmoid": (
        "sigmoid has the slope result * (1 - result), here {d}: at most 0.25, almost 0 where it is flat.",
        "sigmoid 的导数是 结果 * (1 - 结果)，此处为 {d}：最大为 0.25，在饱和区几乎为 0。",
    ),
    "relu open": (
        "relu is a gate: {x} = {v} is positive, so the gradient passes unchanged.",
        "relu 是一道闸门：{x} = {v} 为正，闸门打开，梯度原样通过。",
    ),
    "relu shut": (
        "relu is a gate: {x} = {v} is not positive, so it is shut and no gradient passes.",
        "relu 是一道闸门：{x} = {v} 不为正，闸门关闭，梯度无法通过。",
    ),
    "relu": (
        "relu is a gate: the gradient passes where its input was positive, at {passing} of {n} elements.",
        "relu 是一道闸门：梯度只在输入为正处通过，{n} 个元素中有 {passing} 个通过。",
    ),
    "absolute": (
        "The absolute value keeps the gradient where its input was positive and turns its sign where negative.",
        "绝对值：输入为正处梯度不变，输入为负处梯度变号。",
    ),
    "routes": (
        "{op} routes the gradient to the operand that it chose: {x} gets {got}.",
        "{op} 只把梯度传给它选中的操作数：{x} 得到 {got}。",
    ),
    "chosen": (
        "{op} routes the gradient to what it chose: {x} at {passing} of {n} elements.",
        "{op} 只把梯度传给它选中的元素：{x} 的 {n} 个元素中选中了 {passing} 个。",
    ),
    "slope": (
        "The gradient is multiplied by the slope of {op} at {v}, which is {d}.",
        "梯度乘以 {op} 在 {v} 处的导数，即 {d}。",
    ),
    "slopes": (
        "Each element of the gradient is multiplied by the slope of {op} there, {d}.",
        "梯度的每个元素乘以 {op} 在该处的导数，即 {d}。",
    ),
    "add up": (
        "Adding elements up gives each of them the gradient of their sum.",
        "求和时，每个元素得到的都是总和的梯度。",
    ),
    "mean": (
        "A mean shares its gradient out equally: each of {each} elements gets 1/{each} of it.",
        "求平均把梯度平均分配：{each} 个元素各得 1/{each}。",
    ),
    "largest": (
        "{op} routes: the whole gradient goes to the element that it found; ties share it.",
        "{op} 把梯度全部传给取到最值的元素；若有并列，则由它们平分。",
    ),
    "softmax": (
        "softmax makes its elements compete: each gets p * (g - sum of p * g), so their gradients add up to 0.",
        "softmax 使各元素此消彼长：每个元素得到 p * (g - Σ p * g)，因此它们的梯度之和为 0。",
    ),
    "log_softmax": (
        "Each element gets its g minus its probability times the sum of all g: truth against prediction.",
        "每个元素得到自己的 g，减去它的概率与所有 g 之和的乘积：即真实值与预测值之差。",
    ),
    "logsumexp": (
        "Each element gets the gradient times its share, which is its softmax.",
        "每个元素得到梯度乘以它所占的份额，这个份额就是它的 softmax。",
    ),
    "left": (
        "In a matrix product the left factor gets the gradient times the transposed right factor, {others}.",
        "在矩阵乘积中，左因子得到的是梯度乘以右因子 {others} 的转置。",
    ),
    "right": (
        "In a matrix product the right factor gets the transposed left factor, {others}, times the gradient.",
        "在矩阵乘积中，右因子得到的是左因子 {others} 的转置乘以梯度。",
    ),
    "images": (
        "Each pixel gets a gradient from every window that it lies in, weighted by the kernel.",
        "每个像素从包含它的每个窗口得到梯度，并以卷积核加权。",
    ),
    "kernel": (
        "The kernel is used at every position, so its gradient adds up pixel times gradient over all of them.",
        "卷积核在每个位置上都被使用，因此它的梯度是所有位置上像素与梯度的乘积之和。",
    ),
    "bias": (
        "The bias is added at every position, so the gradients of all of them add up.",
        "偏置加在每个位置上，因此它的梯度是所有位置的梯度之和。",
    ),
    "max pool": (
        "A max pool routes: the gradient of each window of {size} goes to its winner, the others get 0.",
        "最大池化：每个 {size} 窗口的梯度只传给其中的最大值，其余元素得 0。",
    ),
    "window sum": (
        "Each place of a window of {size} gets the gradient of the window's sum.",
        "{size} 窗口中的每个位置都得到该窗口之和的梯度。",
    ),
    "index": (
        "What was picked gets the gradient, all else 0: {passing} of {n} elements.",
        "取出的元素得到梯度，其余为 0：{n} 个元素中取出了 {passing} 个。",
    ),
    "moves": (
        "Only the arrangement changes: every element keeps its gradient and goes back to its place.",
        "只有排列方式改变：每个元素的梯度不变，回到各自原来的位置。",
    ),
    "repeats": (
        "Each element was copied; the gradients of its copies add up.",
        "每个元素都被复制过；各个副本的梯度相加。",
    ),
    "joins": (
        "Each part gets its own piece of the gradient back.",
        "每一部分取回梯度中属于自己的那一块。",
    ),
    "type": ("Only the number format changes; the gradient passes.", "只有数值类型改变；梯度照常通过。"),
    "written over": (
        "What was written over has no influence any more: it gets 0 there, and the gradient elsewhere.",
        "被覆盖的元素不再影响结果：这些位置得 0，其余位置得到梯度。",
    ),
    "written": (
        "The written elements get the gradient of the place where they stand now.",
        "写入的元素得到它们现在所在位置的梯度。",
    ),
    "transform": (
        "A Fourier transform is a symmetric matrix, so the gradient goes back by the same transform.",
        "傅里叶变换的矩阵是对称的，因此梯度用同一个变换传回。",
    ),
    "half": (
        "The transposed transform takes the gradient back; numbers that stand for two of the spectrum count twice.",
        "梯度由转置的变换传回；在频谱中代表两个分量的数计两次。",
    ),
    "conj": ("The gradient of a conjugate is the conjugate of its gradient.", "共轭的梯度等于梯度的共轭。"),
    "batch norm": (
        "Centring and scaling take out the mean of the gradient, and its part along the normalized input.",
        "中心化和缩放从梯度中去掉两部分：它的均值，以及它沿归一化输入方向的分量。",
    ),
    "weight": (
        "Each feature's scale gets the gradient times the normalized input, added up over all examples.",
        "每个特征的缩放系数得到梯度与归一化输入的乘积，并对所有样本求和。",
    ),
    "shift": (
        "Each feature's shift gets the sum of the gradients of all examples.",
        "每个特征的平移量得到所有样本的梯度之和。",
    ),
    "weighted": (
        "The result is a weighted sum of numbers; this one counts {d} times.",
        "结果是若干个数的加权和；这个数的权重是 {d}。",
    ),
    "other": (
        "The gradient goes back through {op} by its derivative rule.",
        "梯度按 {op} 的求导法则传回。",
    ),
    "broadcast": (
        "{x} was repeated {axes}, so the gradients of its copies add up.",
        "{x} 被{axes}广播，因此各个副本的梯度相加。",
    ),
    # Parts of sentences.
    "elementwise": ("it element by element", "对应元素的梯度"),
    "over rows": ("over rows", "沿各行"),
    "over columns": ("over columns", "沿各列"),
    "over axis": ("over axis {axes}", "沿轴 {axes} "),
    "over axes": ("over axes {axes}", "沿轴 {axes} "),
}
