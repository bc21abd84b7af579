"""Greedy decoding on a CPU under ONNX Runtime: token by token at the speed of memory, a draft in one pass."""
