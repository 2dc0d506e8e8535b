"""Methods and attributes of an optimizer in Keras and PyTorch."""

from __future__ import annotations

NAMES = {
    "lr": 'optimizer.param_groups[0]["lr"]',
    "learning_rate": 'optimizer.param_groups[0]["lr"]',
    "get_lr": 'optimizer.param_groups[0]["lr"]',
    "minimize": "loss.backward(), then optimizer.step()",
    "apply_gradients": "p.grad = gradient for each parameter, then optimizer.step(); loss.backward() does the first",
    "compute_gradients": "loss.backward()",
    "apply": "optimizer.step()",
    "state": 'optimizer.state_dict()["state"]',
    "get_config": "optimizer.state_dict()",
    "get_weights": "optimizer.state_dict()",
    "set_weights": "optimizer.load_state_dict(state)",
    "variables": 'optimizer.param_groups[0]["params"]',
    "params": 'optimizer.param_groups[0]["params"]',
    "iterations": 'optimizer.state_dict()["state"]["0.step"]',
    "build": "optim.Adam(model.parameters(), lr=1e-3): an optimizer is made for parameters",
    "init": "optim.Adam(model.parameters(), lr=1e-3): an optimizer is made for parameters, and keeps its state",
    "register_step_pre_hook": "a call of your own before optimizer.step()",
    "register_step_post_hook": "a call of your own after optimizer.step()",
}
