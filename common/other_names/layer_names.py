"""Layers, losses, callbacks and metrics: names in ``torch.nn``, ``keras`` and ``jax.nn``."""

from __future__ import annotations

from .groups import each

_RECURRENT = "nn.{0}(input_size, hidden_size)"
_ATTENTION = "nn.MultiheadAttention(embed_dim, num_heads), or nn.functional.scaled_dot_product_attention(q, k, v)"
_BLOCK = (
    "nn.Sequential of nn.TransformerEncoderLayer(d_model, nhead), whose forward takes is_causal=True for decoders "
    "without an encoder; nn.models.gpt(...) is such a model"
)
_DECODER = (
    "a class derived from nn.Module, with two nn.MultiheadAttention: the second one is called as attention(x, memory, "
    "memory), with the output of the encoder"
)
_POOLED_LINE = "nn.{0}2d((1, size)) on x[:, np.newaxis], of shape (batch, 1, length, channels)"
_THREE_AXES = "There are no layers for volumes: nn.Conv2d and the pools are for images (batch, height, width, channels)"
_PADDING = "sg.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))) in a forward(), or padding= of nn.Conv2d"
_SHUFFLE = "x.reshape(n, h, w, r, r, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, h * r, w * r, c), in a forward()"
_METRICS = (
    'nn.Trainer(model, "adam", "cross_entropy", metrics=["top_3"]): measures by name, or functions of (output, target)'
)
_PARAMETRIZED = (
    "There are no parametrized weights: compute the weight in forward(), with nn.functional.linear(x, weight)"
)

NAMES = {
    # PyTorch's layers
    **each("RNNBase SimpleRNN", _RECURRENT.format("RNN")),
    "SimpleRNNCell": _RECURRENT.format("RNNCell"),
    "StackedRNNCells": "nn.LSTM(input_size, hidden_size, num_layers=2)",
    "Bidirectional": "nn.LSTM(input_size, hidden_size, bidirectional=True)",
    "ConvLSTM2D": "a class derived from nn.Module, as nn.LSTMCell with nn.Conv2d for its linear functions",
    "TimeDistributed": "the layer itself: nn.Linear maps (..., in_features) to (..., out_features)",
    **each("MultiHeadAttention GroupQueryAttention dot_product_attention Attention", _ATTENTION),
    "AdditiveAttention": "sg.softmax(sg.tanh(q[:, :, np.newaxis] + k[:, np.newaxis]).sum(axis=-1)) @ v, in a forward()",
    **each("Transformer TransformerEncoder", _BLOCK),
    **each("TransformerDecoder TransformerDecoderLayer", _DECODER),
    **each("Conv1D LazyConv1d", "nn.Conv1d(in_channels, out_channels, kernel_size)"),
    **each(
        "ConvTranspose1d Conv1DTranspose",
        "nn.ConvTranspose2d(in_channels, out_channels, (1, size)) on x[:, np.newaxis]",
    ),
    **each("MaxPool1d MaxPooling1D", _POOLED_LINE.format("MaxPool")),
    **each("AvgPool1d AveragePooling1D", _POOLED_LINE.format("AvgPool")),
    **each(
        "Conv3d Conv3D ConvTranspose3d Conv3DTranspose MaxPool3d MaxPooling3D AvgPool3d AveragePooling3D BatchNorm3d "
        "InstanceNorm3d Dropout3d AdaptiveAvgPool3d AdaptiveMaxPool3d LazyConv3d LazyBatchNorm3d LPPool3d "
        "FractionalMaxPool3d "
        "ReflectionPad3d ReplicationPad3d CircularPad3d",
        _THREE_AXES,
    ),
    **each(
        "LazyLinear LazyConv2d LazyInstanceNorm1d LazyInstanceNorm2d LazyConvTranspose1d LazyBatchNorm1d "
        "LazyBatchNorm2d LazyConvTranspose2d",
        "nn.Linear(in_features, "
        "out_features), nn.Conv2d(in_channels, out_channels, kernel_size): sizes of inputs are given",
    ),
    **each(
        "Dropout1d FeatureAlphaDropout SpatialDropout1D SpatialDropout2D",
        "nn.Dropout2d(p), which drops whole channels of images and sequences",
    ),
    **each(
        "AlphaDropout GaussianDropout GaussianNoise ActivityRegularization",
        "nn.Dropout(p), or sg.data.GaussianNoise() for the data",
    ),
    **each(
        "AdaptiveAvgPool1d GlobalAveragePooling2D GlobalAvgPool2D",
        "nn.GlobalAvgPool2d() for an output of size 1, nn.AdaptiveAvgPool2d(output_size) for others",
    ),
    "GlobalAveragePooling1D": "x.mean(axis=1), in a forward()",
    **each(
        "AdaptiveMaxPool2d AdaptiveMaxPool1d GlobalMaxPooling2D GlobalMaxPooling1D GlobalMaxPool2D",
        "x.max(axis=(1, 2)) in a forward(), or nn.MaxPool2d(kernel_size)",
    ),
    **each("FractionalMaxPool2d LPPool1d LPPool2d", "nn.MaxPool2d(kernel_size) or nn.AvgPool2d(kernel_size)"),
    **each(
        "MaxUnpool1d MaxUnpool2d MaxUnpool3d",
        "nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2), or nn.Upsample(scale_factor=2)",
    ),
    **each(
        "UpsamplingNearest2d UpSampling2D",
        "nn.Upsample(scale_factor=2), nn.ConvTranspose2d(channels, channels, 2, stride=2) for one that is learned",
    ),
    "UpsamplingBilinear2d": 'nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)',
    "UpSampling1D": "sg.repeat(x, 2, 1), in a forward()",
    **each(
        "ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d "
        "ReplicationPad1d ReplicationPad2d CircularPad1d CircularPad2d ZeroPadding1D ZeroPadding2D",
        _PADDING,
    ),
    **each("Cropping1D Cropping2D CenterCrop", "x[:, 1:-1, 1:-1] in a forward()"),
    **each("PixelShuffle PixelUnshuffle ChannelShuffle", _SHUFFLE),
    **each("Unflatten Reshape Permute", "x.reshape(shape) and x.transpose(axes), in a forward()"),
    **each("Fold Unfold", "x[:, rows[:, np.newaxis] + np.arange(length)], an index of arrays, in a forward()"),
    "RepeatVector": "sg.repeat(x[:, np.newaxis], n, 1), in a forward()",
    **each("InstanceNorm1d InstanceNorm2d", "nn.GroupNorm(num_channels, num_channels, affine=False)"),
    "GroupNormalization": "nn.GroupNorm(num_groups, num_channels)",
    "UnitNormalization": "x / sg.norm(x, axis=-1, keepdims=True), in a forward()",
    "RMSNormalization": "nn.RMSNorm(normalized_shape)",
    **each("LocalResponseNorm CrossMapLRN2d", "nn.BatchNorm2d(num_features)"),
    **each("SyncBatchNorm", "nn.BatchNorm2d(num_features)"),
    "Bilinear": "sg.einsum('ni,oij,nj->no', x, weight, y), with weight = nn.Parameter(...)",
    "EmbeddingBag": "nn.Embedding(num_embeddings, embedding_dim)(indices).mean(axis=1)",
    "ParameterList": "one attribute for each, setattr(self, f'w{i}', nn.Parameter(...)), or nn.ModuleList of nn.Linear",
    "ParameterDict": "one attribute for each, setattr(self, name, nn.Parameter(...))",
    "Buffer": "self.register_buffer(name, array), of nn.Module",
    **each("DataParallel", "optim.DistributedOptimizer(optimizer, comm), or sg.set_num_threads(n)"),
    "parallel": "optim.DistributedOptimizer(optimizer, comm), or sg.set_num_threads(n)",
    **each("UninitializedParameter UninitializedBuffer", "nn.Parameter(data)"),
    "Container": "nn.Sequential, nn.ModuleList, nn.ModuleDict",
    "Variable": "nn.Parameter(data)",
    # activations
    **each("Hardsigmoid HardSigmoid", "sg.clip(x / 6 + 0.5, 0, 1)"),
    **each("Hardswish HardSwish", "x * sg.clip(x / 6 + 0.5, 0, 1)"),
    "CELU": "sg.where(x > 0, x, alpha * sg.expm1(x / alpha)), or nn.ELU(alpha)",
    "RReLU": "nn.LeakyReLU(0.2)",
    "GLU": "a * sg.sigmoid(b) with a, b = sg.split(x, 2, axis=-1)",
    "Softmin": "nn.Softmax()(-x)",
    "Softmax2d": "nn.Softmax(axis=-1): channels are the last axis",
    "Hardshrink": "sg.where(np.abs(x.data) > 0.5, x, 0.0)",
    **each("Softshrink SoftShrink", "sg.sign(x) * sg.relu(np.abs(x) - 0.5)"),
    "Tanhshrink": "x - sg.tanh(x)",
    **each("Threshold ThresholdedReLU", "sg.where(x > threshold, x, value)"),
    "Swish": "= nn.SiLU",
    "Activation": "nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.Softmax(), nn.GELU(): a layer for each",
    "Lambda": "a class derived from nn.Module, whose forward(self, x) calls the function",
    "Masking": "nn.CrossEntropyLoss(ignore_index=0), or sg.where(mask, x, 0.0)",
    # losses
    "CTCLoss": "There is no CTC loss: write one with sg.logsumexp in a loop, and sg.compile it",
    "GaussianNLLLoss": "0.5 * (sg.log(var) + (prediction - target) ** 2 / var).mean(), a function of sg's operations",
    "PoissonNLLLoss": "(sg.exp(logits) - target * logits).mean(), a function of sg's operations",
    "MultiLabelSoftMarginLoss": "nn.BCEWithLogitsLoss()",
    "MultiLabelMarginLoss": "nn.BCEWithLogitsLoss(), another loss of several labels",
    "SoftMarginLoss": "sg.softplus(-y * scores).mean(), for targets y of -1 and 1",
    "MultiMarginLoss": "(sg.relu(1 + scores - right).sum(axis=1) - 1).mean() / classes, with right = "
    "sg.take_along_axis(scores, labels[:, np.newaxis], 1)",
    "CategoricalHinge": "sg.relu(1 + wrong.max(axis=1) - right).mean(), of the scores of the other classes and "
    "of the right one",
    "SquaredHinge": "sg.square(sg.relu(1 - y * scores)).mean(), for targets y of -1 and 1",
    "HingeEmbeddingLoss": "sg.where(y == 1, x, sg.relu(margin - x)).mean(), or nn.CosineEmbeddingLoss()",
    "MarginRankingLoss": "sg.relu(margin - y * (x1 - x2)).mean()",
    **each(
        "TripletMarginLoss TripletMarginWithDistanceLoss",
        "sg.relu(sg.norm(a - p, axis=-1) - sg.norm(a - n, axis=-1) + margin).mean()",
    ),
    "CosineSimilarity": "(x * y).sum(-1) / (sg.norm(x, axis=-1) * sg.norm(y, axis=-1)), or nn.CosineEmbeddingLoss()",
    "PairwiseDistance": "sg.norm(x - y, axis=-1)",
    **each("AdaptiveLogSoftmaxWithLoss LinearCrossEntropyLoss", "nn.CrossEntropyLoss()"),
    "NLLLoss2d": "nn.NLLLoss(), whose classes are on the last axis",
    "MeanSquaredError": "= nn.MSELoss",
    "MeanAbsoluteError": "= nn.L1Loss",
    "Huber": "= nn.HuberLoss",
    "Hinge": "= nn.HingeLoss",
    **each(
        "SparseCategoricalCrossentropy CategoricalCrossentropy",
        "nn.CrossEntropyLoss(), of scores: leave the softmax out of the model. Labels and one-hot rows are both taken",
    ),
    **each("BinaryCrossentropy", "nn.BCEWithLogitsLoss() of scores, or nn.BCELoss() of probabilities"),
    **each(
        "BinaryFocalCrossentropy CategoricalFocalCrossentropy",
        "nn.CrossEntropyLoss(weight=weights), with nn.balanced_class_weights(labels)",
    ),
    **each("KLDivergence KLDiv", "nn.KLDivLoss(), which takes logarithms of the predicted probabilities"),
    "Poisson": "(rate - target * sg.log(rate)).mean(), a function of sg's operations",
    "LogCosh": "(d + sg.softplus(-2 * d) - np.log(2)).mean() with d = prediction - target, or nn.HuberLoss()",
    "MeanSquaredLogarithmicError": "nn.MSELoss()(sg.log1p(prediction), np.log1p(target))",
    "MeanAbsolutePercentageError": "(np.abs(prediction - target) / np.abs(target)).mean()",
    # Keras's layers
    "Dense": "nn.Linear(in_features, out_features), with an activation such as nn.ReLU() as the next layer",
    **each(
        "InputLayer Input", "nn.Linear(in_features, out_features) as the first layer: it tells what the model takes"
    ),
    **each("Conv2D Convolution2D", "nn.Conv2d(in_channels, out_channels, kernel_size), and nn.ReLU() behind it"),
    **each("Conv2DTranspose", "nn.ConvTranspose2d(in_channels, out_channels, kernel_size)"),
    **each(
        "SeparableConv2D DepthwiseConv2D SeparableConv1D",
        "nn.Conv2d(channels, channels, kernel_size, groups=channels), then nn.Conv2d(channels, out_channels, 1)",
    ),
    **each("MaxPooling2D MaxPool2D", "nn.MaxPool2d(kernel_size)"),
    **each("AveragePooling2D AvgPool2D", "nn.AvgPool2d(kernel_size)"),
    "BatchNormalization": "nn.BatchNorm2d(num_features) for images, nn.BatchNorm1d(num_features) for rows",
    "LayerNormalization": "nn.LayerNorm(normalized_shape)",
    **each("Concatenate concatenate", "sg.concatenate([a, b], axis=-1), in a forward()"),
    **each("Add add", "a + b in a forward(), or nn.Residual(*layers)"),
    **each("Subtract Multiply Average Maximum Minimum Dot", "a - b, a * b, sg.maximum(a, b), ... in a forward()"),
    "Model": "= nn.Module",
    "Functional": "a class derived from nn.Module, with the layers as attributes and a forward(self, x)",
    **each(
        "Normalization Rescaling Resizing Discretization CategoryEncoding StringLookup IntegerLookup TextVectorization",
        "sg.data.Standardize(), sg.data.MinMaxScale(), sg.data.one_hot(labels, classes): data is prepared "
        "before a model",
    ),
    **each(
        "RandomFlip RandomRotation RandomZoom RandomTranslation RandomCrop RandomContrast RandomBrightness",
        "sg.data.RandomAffine(), sg.data.RandomShift(): given to sg.data.DataLoader(..., transform=)",
    ),
    "Wrapper": "a class derived from nn.Module",
    "SpectralNormalization": _PARAMETRIZED,
    # Keras's callbacks
    "ModelCheckpoint": 'nn.Checkpoint(path, best="best.safetensors", monitor="val_loss")',
    "BackupAndRestore": "nn.Checkpoint(path), and trainer.fit(..., resume=path)",
    "ReduceLROnPlateau": 'nn.LearningRateSchedule(optim.ReduceLROnPlateau(optimizer), monitor="val_loss")',
    "LearningRateScheduler": "nn.LearningRateSchedule(optim.LambdaLR(optimizer, function))",
    "SummaryWriter": "nn.TensorBoard(folder)",
    "RemoteMonitor": "nn.CSVLogger(path), nn.LiveCurves(), or a function as callback",
    "ProgbarLogger": "nn.ProgressBar()",
    "TerminateOnNaN": "nn.NonFiniteError, which trainer.fit raises by itself, with the last good weights put back",
    "SwapEMAWeights": "nn.Trainer(..., ema=optim.EMA(model.parameters()))",
    "BaseLogger": "nn.History, which trainer.fit returns",
    # Keras's metrics
    **each(
        "Accuracy SparseCategoricalAccuracy CategoricalAccuracy BinaryAccuracy",
        "nn.accuracy(predicted, target); a Trainer measures it anyway",
    ),
    **each("TopKCategoricalAccuracy SparseTopKCategoricalAccuracy", "nn.top_k_accuracy(scores, target, k)"),
    **each("Precision Recall F1Score FBetaScore", "nn.classification_report(predicted, target)"),
    **each("AUC MeanIoU RootMeanSquaredError R2Score Mean Metric", _METRICS),
    # modules
    "callbacks": "= nn",
    "optimizers": "= optim",
    "initializers": "= nn.init",
    "activations": "= nn.functional",
    "modules": "= nn",
    "metrics": _METRICS,
    "parameter.Parameter": "= nn.Parameter",
    "utils.clip_grad_norm_": "= optim.clip_grad_norm_",
    "utils.clip_grad_norm": "= optim.clip_grad_norm_",
    "utils.clip_grad_value_": "= optim.clip_grad_value_",
    "utils.parameters_to_vector": "sg.concatenate([p.ravel() for p in model.parameters()])",
    "utils.vector_to_parameters": "p.data = vector[i : i + p.size].reshape(p.shape), for each of model.parameters()",
    "utils.get_total_norm": "optim.clip_grad_norm_(parameters, max_norm), which returns the norm",
    "utils.weight_norm": _PARAMETRIZED,
    "utils.spectral_norm": _PARAMETRIZED,
    "utils.parametrize": _PARAMETRIZED,
    "utils.parametrizations": _PARAMETRIZED,
    "utils.prune": "layer.weight.data *= mask, after each optimizer.step()",
    "utils.rnn": "sg.stack of rows that are padded to one length, and nn.CrossEntropyLoss(ignore_index=0)",
    "utils": "optim.clip_grad_norm_, nn.save_weights, nn.summary are what of it is here",
    "attention": _ATTENTION,
    "quantized": "nn.Linear(in_features, out_features): there is no quantization; sg.export_onnx writes a file "
    "for tools "
    "that quantize",
    "qat": "nn.Linear(in_features, out_features): there is no quantization; sg.export_onnx writes a file for "
    "tools that do",
    "max_pool": "nn.functional.max_pool2d(x, kernel_size)",
    "avg_pool": "nn.functional.avg_pool2d(x, kernel_size)",
    "one_hot": "= sg.data.one_hot",
    "swish": "= sg.silu",
    "log_sigmoid": "nn.LogSigmoid()(x)",
    "standardize": "nn.LayerNorm(normalized_shape)(x), or sg.data.Standardize()",
}
