"""The command line in Node and wasmtime: every command on the default model, and its errors for bad input."""

import json
import os
import pathlib
import random
import signal
import struct
import subprocess

import pytest

import gguf

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

TINY = ROOT / "tests" / "vectors" / "tiny-llama-f32.gguf"
HOSTS = ["node", "wasmtime"]
MESSAGES = json.dumps([{"role": "user", "content": "What is 2 + 2?"}]).encode()


@pytest.fixture(scope="module")
def model(smollm2):
    return smollm2


def quern(*arguments, host="node", stdin=b"", before=()):
    command = [*before, ROOT / "quern", *map(str, arguments), "--host", host]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300)


def output(*arguments, **more):
    done = quern(*arguments, **more)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def refused(*arguments, status=1, **more):
    """Returns the single line on standard error. After incorrect usage (status 2), a usage line follows it."""
    done = quern(*arguments, **more)
    text, *usage = done.stderr.decode().splitlines()
    assert done.returncode == status, done.stderr
    assert text.startswith("quern: ") and len(usage) == (status == 2), done.stderr
    assert all(line.startswith("usage: quern ") for line in usage)
    return text


@pytest.mark.parametrize("host", HOSTS)
def test_run_answers(model, host):
    answer = json.loads(
        output("run", "-m", model, "-p", "What is the capital of France?", "-n", 24, "--temp", 0, "--json", host=host)
    )
    assert "Paris" in answer["text"]
    rates = {"prefill_tps", "decode_tps", "threads", "weight_order"}
    assert set(answer) == {"text", "tokens", "prompt_tokens", "finish_reason"} | rates
    assert answer["finish_reason"] in ("stop", "length") and answer["prompt_tokens"] > 20 and answer["decode_tps"] > 0
    assert all(isinstance(id, int) for id in answer["tokens"])


def test_run_is_the_same_in_both_hosts(model):
    arguments = ["run", "-m", model, "-p", "Name three colors.", "-n", 16, "--seed", 7, "--json"]
    assert json.loads(output(*arguments))["tokens"] == json.loads(output(*arguments, host="wasmtime"))["tokens"]


def test_run_streams_text_and_reports_rates(model):
    done = quern("run", "-m", model, "--raw", "-n", 8, "--temp", 0, stdin=b"The capital of France is")
    assert "Paris" in done.stdout.decode()
    assert "prefill" in done.stderr.decode() and "decode" in done.stderr.decode()


@pytest.mark.parametrize("host", HOSTS)
def test_run_reports_a_missing_template(tmp_path, host):
    path = tmp_path / "plain.gguf"
    other = TINY.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.that_template")
    path.write_bytes(other.replace(b"<|assistant|>", b"<|assessment|", 1))
    done = quern("run", "-m", path, "-p", "a b", "-n", 2, "--temp", 0, host=host)
    assert done.returncode == 0 and done.stderr.startswith(b"quern: the model has no chat template")
    raw = quern("run", "-m", path, "-p", "a b", "-n", 2, "--temp", 0, "--raw", host=host)
    assert raw.stdout == done.stdout and b"template" not in raw.stderr


def test_run_chooses_the_format_of_a_file_without_template(tmp_path):
    path = tmp_path / "plain.gguf"
    path.write_bytes(TINY.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.that_template"))
    chat = tmp_path / "chat.jinja"
    chat.write_text(
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}<|assistant|>{{ '\n' }}"
    )
    arguments = ["run", "-m", path, "-p", "a b", "-n", 4, "--temp", 0]
    done = quern(*arguments)
    assert done.returncode == 0 and b"format of Phi-3" in done.stderr
    for host in HOSTS:
        given = quern(*arguments, "--template", chat, host=host)
        assert given.stdout == done.stdout and b"format" not in given.stderr
    assert quern(*arguments, "--raw").stdout != done.stdout


@pytest.mark.parametrize("host", HOSTS)
def test_control_tokens_made_of_a_role(tmp_path, host):
    """Phi-3's template makes its control tokens from the role; a message still cannot make them."""
    made, literal = tmp_path / "made.jinja", tmp_path / "literal.jinja"
    made.write_text("{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}")
    literal.write_text("{% for m in messages %}<|user|>{{ m.content }}{% endfor %}")

    def count(template, text):
        run = ("run", "-m", TINY, "--template", template, "-p", text, "-n", 1, "--json")
        return json.loads(output(*run, host=host))["prompt_tokens"]

    assert count(made, "ab") == count(literal, "ab") == 3
    assert count(made, "<|user|>") == count(literal, "<|user|>") > 3


def test_default_model_is_used(model):
    assert output("tokenize", stdin=b"Hello world") == output("tokenize", "-m", model, stdin=b"Hello world")


@pytest.mark.parametrize("host", HOSTS)
def test_tokens_round_trip(model, host):
    text = "Hello, wörld! 你好 🌞".encode()
    ids = output("tokenize", "-m", model, host=host, stdin=text).decode().strip()
    assert output("detokenize", "-m", model, "--ids", ids, host=host) == text


@pytest.mark.parametrize("host", HOSTS)
def test_no_special_keeps_control_text_as_text(model, host):
    text = b"<|im_start|>user"
    with_special = output("tokenize", "-m", model, host=host, stdin=text).decode().strip().split(",")
    without = output("tokenize", "-m", model, "--no-special", host=host, stdin=text).decode().strip().split(",")
    assert with_special[0] == "1" and "1" not in without


@pytest.mark.parametrize("host", HOSTS)
def test_template_of_the_model(model, host):
    text = output("template", "-m", model, host=host, stdin=MESSAGES).decode()
    assert text.endswith("<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("host", HOSTS)
def test_template_from_a_file(tmp_path, host):
    path = tmp_path / "chat.jinja"
    path.write_text(
        "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}{% endfor %}"
        "{{ strftime_now('%Y') }}"
    )
    text = output(
        "template", "--template", path, "--bos", "<s>", "--eos", "</s>", "--now", 86400 * 366, host=host, stdin=MESSAGES
    )
    assert text.decode() == "<s>[user] What is 2 + 2?</s>1971"


@pytest.mark.parametrize("host", HOSTS)
def test_template_has_the_tokens_of_the_model(model, tmp_path, host):
    path = tmp_path / "tokens.jinja"
    path.write_text("{{ bos_token ~ '|' ~ eos_token }}")
    given = ("template", "--template", path)
    assert output(*given, "-m", model, host=host, stdin=MESSAGES) == b"<|im_start|>|<|im_end|>"
    assert output(*given, "-m", model, "--eos", "</s>", host=host, stdin=MESSAGES) == b"<|im_start|>|</s>"


FLOATS = b'{"messages": [{"role": "user", "content": [1.0, 1, 12345678901234567890, "a"]}], "tools": null}'


@pytest.mark.parametrize("host", HOSTS)
def test_template_gets_the_json_unchanged(tmp_path, host):
    path = tmp_path / "chat.jinja"
    path.write_bytes(b"{{ messages[0].content | tojson }}\r\n{{ add_generation_prompt }}{{ bos_token }}")
    text = output("template", "--template", path, "--bos=-b", host=host, stdin=FLOATS)
    assert text == b'[1.0, 1, 12345678901234567890, "a"]\nTrue-b'


def test_hosts_print_the_same(model, tmp_path):
    (tmp_path / "bad.jinja").write_text("{% if %}")
    (tmp_path / "bad.gguf").write_bytes(TINY.read_bytes()[:3000])
    cases = [
        (["info", "-m", model], b""),
        (["info", "-m", TINY, "--json"], b""),
        (["tokenize", "--no-bos"], b"\xef\xbb\xbf\xc3\xa9\xff"),
        (["detokenize", "--ids", "1,2,3,28"], b""),
        (["template"], MESSAGES),
        (["template"], b"{}"),
        (["template"], b"[1"),
        (["template", "--template", tmp_path / "bad.jinja"], MESSAGES),
        (["template", "--template", tmp_path / "none"], MESSAGES),
        (["info", "-m", tmp_path / "bad.gguf"], b""),
        (["info", "-m", tmp_path], b""),
        (["info", "-m", tmp_path / "none"], b""),
        (["run", "-m", TINY, "-p", "a b c d e f g h", "-c", 4], b""),
        (["logits", "-m", TINY, "--tokens", "1", "-o", tmp_path], b""),
    ]
    for arguments, stdin in cases:
        node, wasmtime = (quern(*arguments, host=host, stdin=stdin) for host in HOSTS)
        assert (node.returncode, node.stdout, node.stderr) == (wasmtime.returncode, wasmtime.stdout, wasmtime.stderr), (
            arguments
        )


@pytest.mark.parametrize("host", HOSTS)
def test_interrupt_ends_between_steps(model, host):
    """Ctrl-C is sent to every process of the terminal."""
    command = [
        ROOT / "quern",
        "run",
        "-m",
        model,
        "--raw",
        "-p",
        "1 2 3 4",
        "-n",
        "4000",
        "--temp",
        "0",
        "--host",
        host,
    ]
    child = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    first = child.stdout.read(1)
    os.killpg(child.pid, signal.SIGINT)
    rest, errors = child.communicate(timeout=300)
    assert child.returncode == 130 and (first + rest).endswith(b"\n"), errors
    assert b"prefill" in errors and b"Traceback" not in errors


@pytest.mark.parametrize("host", HOSTS)
def test_reader_that_closes_the_pipe(model, host):
    command = f'"{ROOT}/quern" run -m "{model}" --raw -p "1 2 3 4" -n 300 --temp 0 --host {host} | head -c 3'
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, timeout=300)
    assert len(done.stdout) == 3 and done.returncode == 0 and done.stderr == b""


def test_make_passes_the_prompt_unchanged():
    prompt = '-x $5 $(shell echo bad) `id` "quoted" it\'s\ntwo lines'
    command = ["make", "-s", "--eval", 'show: ; @printf "%s" "$$PROMPT"', "show", f"PROMPT={prompt}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment).stdout == prompt


@pytest.mark.parametrize("host", HOSTS)
def test_info(model, host):
    about = json.loads(output("info", "-m", model, "-c", 2048, "--json", host=host))
    assert about["metadata"]["general.architecture"] == "llama"
    assert about["tensors"]["q4_1"]["count"] == 210
    plan = about["plan"]
    assert plan["context"] == 2048 and plan["totalBytes"] == sum(
        plan[key] for key in ("tensorBytes", "metadataBytes", "kvBytes", "scratchBytes")
    )
    assert output("info", "-m", model, host=host).startswith((b"file", b"{"))


@pytest.mark.parametrize("host", HOSTS)
def test_logits_are_rows_of_floats(tmp_path, host):
    output("logits", "-m", TINY, "--tokens", "1,2,3", "-o", tmp_path / "out", host=host)
    assert (tmp_path / "out").stat().st_size == 3 * 273 * 4


# ---- bad input: one line on standard error, status 1 ----


def variants(folder):
    """(name, bytes, text that the error must contain) of bad files."""
    whole = TINY.read_bytes()
    random_bytes = random.Random(1).randbytes(100000)
    yield "zeros", bytes(100000), "GGUF"
    yield "random", random_bytes, "GGUF"
    yield "jpeg", bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + random_bytes, "GGUF"
    yield "empty", b"", ""
    for length in (3, 24, 500, 5000, len(whole) // 2, len(whole) - 1):
        yield f"truncated {length}", whole[:length], "byte"
    for name, architecture, tensors in (
        ("architecture", "walrus", {}),
        ("tensor missing", "llama", {"token_embd.weight": (32, 8)}),
    ):
        path = folder / "written.gguf"
        write_gguf(path, architecture, tensors)
        yield name, path.read_bytes(), "walrus" if architecture == "walrus" else "output_norm.weight"


def write_gguf(path, architecture, tensors):
    import numpy as np

    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    for name, shape in tensors.items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("host", HOSTS)
def test_bad_files_are_refused_in_one_line(tmp_path, host):
    for name, data, expected in variants(tmp_path):
        path = tmp_path / "bad.gguf"
        path.write_bytes(data)
        text = refused("run", "-m", path, "-p", "x", "-n", 1, host=host)
        assert expected in text and "bad.gguf" in text, f"{name}: {text}"


def huge_model(path):
    """Writes a well-formed llama, as a sparse file, whose embedding alone has 6 GB."""

    def string(text):
        return struct.pack("<Q", len(text)) + text

    def u32(key, value):
        return string(key) + struct.pack("<II", 4, value)

    embd, rows, vocab = 4096, 4096, 400000
    values = [
        string(b"general.architecture") + struct.pack("<I", 8) + string(b"llama"),
        u32(b"llama.block_count", 1),
        u32(b"llama.context_length", 64),
        u32(b"llama.embedding_length", embd),
        u32(b"llama.feed_forward_length", embd),
        u32(b"llama.attention.head_count", 32),
        string(b"llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5),
    ]
    names = {
        b"token_embd.weight": (embd, vocab),
        b"output_norm.weight": (embd,),
        b"blk.0.attn_norm.weight": (embd,),
        b"blk.0.ffn_norm.weight": (embd,),
    }
    for name in (b"attn_q", b"attn_k", b"attn_v", b"attn_output", b"ffn_gate", b"ffn_up", b"ffn_down"):
        names[b"blk.0." + name + b".weight"] = (embd, rows)
    offset, infos = 0, []
    for name, shape in names.items():
        infos.append(string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset))
        size = 4
        for n in shape:
            size *= n
        offset += (size + 31) // 32 * 32
    head = b"GGUF" + struct.pack("<IQQ", 3, len(names), len(values)) + b"".join(values) + b"".join(infos)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate((len(head) + 31) // 32 * 32 + offset)


@pytest.mark.parametrize("host", HOSTS)
def test_model_larger_than_memory(tmp_path, host):
    path = tmp_path / "huge.gguf"
    huge_model(path)
    assert "bytes" in refused("run", "-m", path, "-p", "x", "--bits", 32, host=host)


@pytest.mark.parametrize("host", HOSTS)
def test_files_that_cannot_be_read(tmp_path, host):
    assert "no such file" in refused("info", "-m", tmp_path / "nothing.gguf", host=host).lower()
    assert "directory" in refused("info", "-m", tmp_path, host=host).lower()
    locked = tmp_path / "locked.gguf"
    locked.write_bytes(b"GGUF")
    locked.chmod(0)
    as_others = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    assert "permission denied" in refused("info", "-m", locked, host=host, before=as_others)
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused("info", "-m", tmp_path / "pipe", host=host)


@pytest.mark.parametrize("host", HOSTS)
def test_prompt_longer_than_the_context(host):
    assert "context" in refused("run", "-m", TINY, "-p", "a b c d e f g h", "-c", 4, host=host)


@pytest.mark.parametrize("host", HOSTS)
def test_impossible_context(host):
    assert "context" in refused("run", "-m", TINY, "-p", "a", "-c", 4000000000, host=host)


@pytest.mark.parametrize("host", HOSTS)
def test_bad_tokens_and_templates(tmp_path, host):
    assert "vocabulary" in refused("logits", "-m", TINY, "--tokens", "1,99999", "-o", tmp_path / "o", host=host)
    assert "vocabulary" in refused("detokenize", "-m", TINY, "--ids", "99999", host=host)
    path = tmp_path / "bad.jinja"
    path.write_text("{% for m in messages %}{{ m.content | nonsense }}{% endfor %}")
    assert "nonsense" in refused("template", "--template", path, host=host, stdin=MESSAGES)
    assert "JSON" in refused("template", "--template", path, host=host, stdin=b"{nope")


def test_usage_errors_have_status_2():
    assert "frobnicate" in refused("frobnicate", status=2)
    assert plain("help", "frobnicate").stderr == plain("frobnicate").stderr
    assert plain("help", "frobnicate").returncode == 2
    assert "--top-k" in refused("run", "--top-k", "many", status=2)
    assert "--tokens" in refused("logits", "-m", TINY, status=2)
    assert "-o FILE" in refused("logits", "-m", TINY, "--tokens", "1", status=2)
    assert "token id" in refused("detokenize", "--ids", "1,x", status=2)
    assert "--seed" in refused("run", "--seed", str(2**64), status=2)
    assert "--host" in refused("info", host="moon", status=2)


# ---- help, values and limits ----

COMMANDS = ["run", "chat", "tokenize", "detokenize", "logits", "embed", "template", "info", "serve", "bench"]
VERSION = json.loads((ROOT / "web" / "package.json").read_text())["version"]


def plain(*arguments, stdin=b""):
    """Runs ./quern with exactly these arguments."""
    command = [ROOT / "quern", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_version_of_each_command(command):
    long, short, topic = plain(command, "--help"), plain(command, "-m", "x", "-h"), plain("help", command)
    assert long.stdout == short.stdout == topic.stdout and long.stderr == b""
    assert f"usage: quern {command} ".encode() in long.stdout and b"--model" in long.stdout
    assert all(done.returncode == 0 for done in (long, short, topic))
    done = plain(command, "--version")
    assert (done.returncode, done.stdout) == (0, f"quern {VERSION}\n".encode())


def test_help_and_version():
    texts = [plain(flag) for flag in ("help", "--help", "-h")]
    assert all(done.returncode == 0 and done.stdout == texts[0].stdout for done in texts)
    assert all(f"  {command} ".encode() in texts[0].stdout for command in COMMANDS)
    assert plain("--version").stdout == f"quern {VERSION}\n".encode()
    nothing = plain()
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (2, b"", texts[0].stdout)


@pytest.mark.parametrize("host", HOSTS)
def test_values_that_start_with_a_dash(tmp_path, host):
    path = tmp_path / "chat.jinja"
    path.write_text("{{ bos_token }}")
    assert output("template", "--template", path, "--bos", "-b", host=host, stdin=MESSAGES) == b"-b"
    short = ["run", "-m", TINY, "--raw", "-n", 4, "--temp", 0, "--json"]
    given = output(*short, "-p", "-1 a", "--frequency-penalty", "-0.5", host=host)
    joined = output(*short, "-p-1 a", "--frequency-penalty=-0.5", host=host)
    assert json.loads(given)["tokens"] == json.loads(joined)["tokens"]
    text = refused("run", "-p", "--json", status=2)
    assert "-p (--prompt) needs a value" in text and "--prompt=--json" in text
    assert "-n needs a value" in plain("run", "-n").stderr.decode()


@pytest.mark.parametrize("host", HOSTS)
def test_minus_one_is_no_limit_and_a_random_seed(host):
    ends = ["run", "-m", TINY, "--raw", "-p", "a", "-c", 24, "--json"]
    answer = json.loads(output(*ends, "-n", -1, "--temp", 0, host=host))
    assert answer["prompt_tokens"] + len(answer["tokens"]) == 25 or answer["finish_reason"] == "stop"
    output(*ends, "-n", 1, "--seed", -1, host=host)


LIMITS = [
    ("-t", 64, "from 1 to 32"),
    ("-t", 0, "from 1 to 32"),
    ("--temp", -1, "from 0 to 100"),
    ("--temp", "nan", "from 0 to 100"),
    ("--temp", "hot", "from 0 to 100"),
    ("--temp", 101, "from 0 to 100"),
    ("--top-p", 1.5, "from 0 to 1"),
    ("--min-p", -0.1, "from 0 to 1"),
    ("--top-k", -1, "from 0 to 2147483647"),
    ("--top-k", 1.5, "a whole number from 0 to 2147483647"),
    ("--repeat-penalty", 0, "from 0.01 to 100"),
    ("--frequency-penalty", -2.5, "from -2 to 2"),
    ("--presence-penalty", 3, "from -2 to 2"),
    ("-n", -2, "from -1 to 2147483647"),
    ("-c", -1, "from 0 to 4294967295"),
    ("-b", 2**32, "from 0 to 4294967295"),
    ("--seed", -2, "below 2^64, or -1"),
    ("--seed", 2**64, "below 2^64, or -1"),
    ("--bits", 16, "one of 32, 64"),
    ("--kv", "f32", "one of f16, q8_0"),
]


@pytest.mark.parametrize(("name", "value", "limit"), LIMITS)
def test_limits_are_stated(name, value, limit):
    for arguments in ([name, value], [f"{name}={value}"] if name.startswith("--") else [f"{name}{value}"]):
        text = refused("run", *arguments, status=2)
        assert limit in text and f'not "{value}"' in text and name in text


def test_limits_of_other_commands():
    assert "from 0 to 65535" in plain("serve", "--port", 65536).stderr.decode()
    assert "from 1 to" in plain("bench", "-p", 0).stderr.decode()


@pytest.mark.parametrize("host", HOSTS)
def test_a_dash_is_standard_output(tmp_path, host):
    path = tmp_path / "out"
    for command in (
        ["logits", "-m", TINY, "--tokens", "1,2,3"],
        ["embed", "-m", TINY, "--tokens", "1,2", "--pooling", "none"],
    ):
        output(*command, "-o", path, host=host)
        assert output(*command, "-o", "-", host=host) == path.read_bytes() != b""
    assert not (ROOT / "-").exists()


@pytest.mark.parametrize("host", HOSTS)
def test_a_byte_order_mark_is_no_text(tmp_path, host):
    text, mark = "é a".encode(), b"\xef\xbb\xbf"
    ids = output("tokenize", "-m", TINY, host=host, stdin=text)
    assert output("tokenize", "-m", TINY, host=host, stdin=mark + text) == ids
    run = ["run", "-m", TINY, "--raw", "-n", 1, "--json"]
    answer = json.loads(output(*run, host=host, stdin=mark + text))
    assert answer["prompt_tokens"] == len(ids.split(b","))
    embed = ["embed", "-m", TINY, "--pooling", "mean"]
    assert output(*embed, host=host, stdin=mark + text) == output(*embed, host=host, stdin=text)
    path = tmp_path / "chat.jinja"
    path.write_bytes(mark + b"{{ messages[0].content }}")
    assert output("template", "--template", path, host=host, stdin=mark + MESSAGES) == b"What is 2 + 2?"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "names",
    [
        ["a.gguf.part1of3", "a.gguf.part2of3", "a.gguf.part3of3"],
        ["a.gguf-split-a", "a.gguf-split-b"],
        ["a.part01of02", "a.part02of02"],
    ],
)
def test_raw_pieces_are_one_file(tmp_path, host, names):
    whole = TINY.read_bytes()
    size = len(whole) // len(names) + 1
    for i, name in enumerate(names):
        (tmp_path / name).write_bytes(whole[i * size : (i + 1) * size])
    arguments = ["--tokens", "1,2,3", "-o", "-"]
    expected = output("logits", "-m", TINY, *arguments, host=host)
    for name in names[:: len(names) - 1]:
        assert output("logits", "-m", tmp_path / name, *arguments, host=host) == expected
    if "of" in names[-1]:
        (tmp_path / names[-1]).unlink()
        text = refused("info", "-m", tmp_path / names[0], host=host)
        assert "no such file" in text and names[-1] in text
