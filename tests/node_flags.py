"""What Node has to be started with."""

import functools
import subprocess


@functools.cache
def relaxed_flags():
    """Node 20 knows relaxed SIMD behind a flag only."""
    version = subprocess.run(
        ["node", "-p", "parseInt(process.versions.node)"], capture_output=True, text=True, check=True
    ).stdout
    return ["--experimental-wasm-relaxed-simd"] if int(version) < 21 else []
