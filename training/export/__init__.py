"""Export to ONNX with a model card: conversion, half precision, parity gate, similarity threshold."""
