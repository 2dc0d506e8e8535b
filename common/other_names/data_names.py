"""Names in ``torch.utils.data``, ``torchvision``, ``keras.datasets`` and ``keras.utils``."""

from __future__ import annotations

from .groups import each

_ORDER = (
    "sg.data.DataLoader(dataset, shuffle=True, seed=0), or sg.data.Subset(dataset, indices) for an order of your own"
)

NAMES = {
    "TensorDataset": "= sg.data.ArrayDataset",
    "Dataset": "= sg.data.dataset.Source",
    "MapDataset": "= sg.data.dataset.Source",
    "Sampler": "= sg.data.samplers.Sampler",
    "to_categorical": "= sg.data.one_hot",
    "onehot": "= sg.data.one_hot",
    "one_hot_encode": "= sg.data.one_hot",
    **each("RandomSampler SequentialSampler BatchSampler SubsetRandomSampler", _ORDER),
    "DistributedSampler": "sg.data.shard(dataset, rank, size)",
    "ConcatDataset": "sg.data.ArrayDataset(np.concatenate([a.x, b.x]), np.concatenate([a.y, b.y]))",
    **each("ChainDataset StackDataset", "sg.data.ArrayDataset(x, y), or a class with __len__ and __getitem__"),
    **each(
        "IterableDataset IterDataPipe MapDataPipe get_worker_info",
        "a class with __len__ and __getitem__, which "
        "sg.data.DataLoader takes, or an iterable of batches that you loop over yourself",
    ),
    **each(
        "default_collate collate default_convert",
        "sg.data.DataLoader(dataset, collate_fn=function): without one, examples are stacked",
    ),
    "train_test_split": "train, test = sg.data.train_val_split(dataset, 0.2)",
    "StandardScaler": "sg.data.Standardize()",
    "MinMaxScaler": "sg.data.MinMaxScale()",
    "mnist": "train, test = sg.data.load_mnist(), whose arrays are train.x, train.y",
    "mnist.load_data": "train, test = sg.data.load_mnist(), whose arrays are train.x, train.y",
    "MNIST": "train, test = sg.data.load_mnist()",
    **each("FashionMNIST KMNIST", "sg.data.load_mnist(folder) with its four files"),
    "EMNIST": "sg.data.load_emnist(folder)",
    **each("pad_sequences pad_packed_sequence pack_padded_sequence", "sg.data.pad_sequence(sequences)"),
    **each(
        "Tokenizer TextVectorization StringLookup build_vocab_from_iterator", "sg.data.Vocabulary.of_characters(texts)"
    ),
    **each("CIFAR10 CIFAR100 cifar10 cifar100 ImageNet", "sg.data.ImageFolder(path), or sg.data.ArrayDataset(x, y)"),
    "load_data": "train, test = sg.data.load_mnist()",
    **each("image_dataset_from_directory ImageDataGenerator flow_from_directory", "sg.data.ImageFolder(path)"),
    "read_csv": "sg.data.load_csv(path)",
    "ToTensor": "sg.data.scale_pixels(images)",
    "Normalize": "sg.data.Standardize()",
    **each("RandomRotation RandomResizedCrop RandomTranslation", "sg.data.RandomAffine()"),
    **each("RandomCrop", "sg.data.RandomShift(pixels)"),
    **each(
        "RandomHorizontalFlip RandomVerticalFlip", "sg.data.DataLoader(..., transform=lambda x, y: (x[:, :, ::-1], y))"
    ),
    "batch": "sg.data.DataLoader(dataset, batch_size=32)",
    "from_tensor_slices": "sg.data.ArrayDataset(x, y)",
}
