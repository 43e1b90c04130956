#!/usr/bin/env python3
"""Writes a tiny model of each architecture with recurrent layers for tests/vectors, as make_tiny_decoders.py does for the
others. Needs gguf and numpy.

  make_tiny_recurrent.py DIR [NAME ...]

ARCHITECTURES has what sets each apart; heads_kv has a number for each layer, 0 where the layer is recurrent.
"""
import pathlib
import sys

import numpy as np

from make_tiny_decoders import EMBD, Decoder

ARCHITECTURES = {
    "lfm2": dict(layers=4, heads_kv=[0, 2, 0, 2], qk="head", output_norm="token_embd_norm", keys={"shortconv.l_cache": 3}),
    "lfm2moe": dict(layers=4, heads_kv=[0, 2, 0, 2], qk="head", output_norm="token_embd_norm",
                    experts={"length": True, "choice": True},
                    keys={"shortconv.l_cache": 3, "leading_dense_block_count": 2, "expert_gating_func": 2}),
}


class Recurrent(Decoder):
    def attention(self, b):
        heads_kv = self.facts["heads_kv"][int(b.split(".")[1])]
        if heads_kv:
            self.heads_kv = heads_kv
            super().attention(b)
        else:
            getattr(self, self.arch)(b)

    def taps(self, name, channels, taps):
        values = self.out.rng.standard_normal((channels, taps)) / np.sqrt(taps)
        self.out.writer.add_tensor(name + ".weight", values.astype(np.float32))

    def lfm2(self, b):
        self.matrix(b + "shortconv.in_proj", 3 * EMBD, EMBD, False)
        self.taps(b + "shortconv.conv", EMBD, self.facts["keys"]["shortconv.l_cache"])
        self.matrix(b + "shortconv.out_proj", EMBD, EMBD, False)

    lfm2moe = lfm2


def main():
    folder = pathlib.Path(sys.argv[1])
    for seed, (name, facts) in enumerate(ARCHITECTURES.items(), 200):
        if len(sys.argv) == 2 or name in sys.argv[2:]:
            Recurrent(folder / f"tiny-{name}-f32.gguf", name, facts, seed).write()


if __name__ == "__main__":
    main()
