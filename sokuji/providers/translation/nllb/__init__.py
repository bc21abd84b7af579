"""NLLB-200 under CTranslate2 or ONNX Runtime."""
