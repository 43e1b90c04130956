"""Groups tests for pytest-xdist (--dist loadgroup). Tests of one file share expensive results and run in one process,
unless the file is listed here. The groups that take longest start first. Defines the fixture of SmolLM2's file."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import fetch_model  # noqa: E402

TOGETHER = {
    "test_serve.py": "serve",
    "test_serve_http.py": "serve",
    "test_serve_requests.py": "serve",
}  # both use one server
# Files that are divided: by function, or by a parameter whose values share no results.
APART = {
    "test_arm64.py": ["function", "host", "build"],
    "test_demo.py": ["function"],
    "test_embeddings.py": ["host"],
    "test_environments.py": ["mode"],
    "test_hostile_templates.py": ["function"],
    "test_in_node.py": ["script"],
    "test_kernel_check.py": ["build"],
    "test_package.py": ["browser"],
    "test_sources.py": ["browser"],
    "test_threads.py": ["model"],
    "test_vectors.py": ["function", "host"],
}
LONGEST = [
    "test_package.py firefox",
    "test_demo.py test_demo",
    "test_package.py chromium",
    "test_kernel_check.py wasm32-relaxed",
    "test_kernel_check.py wasm32-simd128",
    "serve",
    "test_environments.py firefox",
    "test_environments.py chromium",
    "test_sources.py firefox",
    "test_sources.py chromium",
    "test_vectors.py test_logits_equal_llama_cpp",
    "test_output.py",
    "test_coverage.py",
    "test_sampler.py",
    "test_api.py",
    "test_cli.py",
    "test_gguf_package.py",
    "test_bench.py",
    "test_tokenizer.py",
]


def group_of(item):
    values = {**getattr(getattr(item, "callspec", None), "params", {}), "function": item.originalname}
    file = item.path.name
    return " ".join([TOGETHER.get(file, file), *(str(values[name]) for name in APART.get(file, []) if name in values)])


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    place = {group: at for at, group in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(group_of(item), len(place)))


@pytest.fixture(scope="session")
def smollm2():
    path = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not path.exists():
        pytest.skip(f"{path} is missing; tools/fetch_model.py smollm2 fetches it")
    return path
