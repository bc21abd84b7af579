"""The tiny model's ``tokenizer.json``: BPE over "▁"-marked words, as the one of NLLB, trained on the phrase
book."""

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tests.support.nllb.phrases import LANGUAGES, examples

PAD, EOS = 1, 2
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def train() -> Tokenizer:
    """NLLB's order: special tokens, pieces of words, languages."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=_SPECIAL, show_progress=False)
    tokenizer.train_from_iterator([text for _, one, _, two in examples() for text in (one, two)], trainer)
    tokenizer.add_special_tokens([*LANGUAGES, "<mask>"])
    return tokenizer
