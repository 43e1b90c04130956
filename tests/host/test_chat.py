"""./quern chat: conversations through a pipe and in a terminal."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

VECTORS = ROOT / "tests" / "vectors"
TINY = VECTORS / "tiny-llama-f32.gguf"
PATIENCE = 120  # seconds until what does not come counts as missing
QUESTION = "What is the capital of France?"
CTRL_C, CTRL_D, UP = b"\x03", b"\x04", b"\x1b[A"


@pytest.fixture(scope="module")
def model(smollm2):
    return smollm2


def command(model, *arguments):
    return [str(each) for each in (ROOT / "quern", "chat", "-m", model, "-t", 1, *arguments)]


def chat(model, lines, *arguments):
    """Answers, as --json prints them, and standard error."""
    given = "".join(f"{line}\n" for line in lines).encode()
    done = subprocess.run(
        command(model, "--temp", 0, "-n", 24, "--json", *arguments), input=given, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def messages(model, tmp_path, lines, *arguments):
    """The messages of a conversation with very short answers: (role, content)."""
    path = tmp_path / "saved.json"
    chat(model, [*lines, f"/save {path}"], "-n", 2, *arguments)
    return [(each["role"], each["content"]) for each in json.loads(path.read_text())]


def asked(found):
    return [content for role, content in found if role == "user"]


def test_answers_are_those_of_run(model):
    answers, _ = chat(model, [QUESTION])
    run = [ROOT / "quern", "run", "-m", model, "-t", "1", "-p", QUESTION, "--temp", "0", "-n", "24", "--json"]
    expected = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)
    assert answers[0]["text"] == expected["text"]
    assert answers[0]["prompt_tokens"] == expected["prompt_tokens"]
    assert answers[0]["finish_reason"] == expected["finish_reason"]
    plain = subprocess.run(command(model, "--temp", 0, "-n", 24, "-p", QUESTION), input=b"", capture_output=True)
    assert (plain.returncode, plain.stdout.decode()) == (0, f"{expected['text']}\n")


def test_a_conversation_goes_on(model, tmp_path):
    path = tmp_path / "saved.json"
    answers, _ = chat(model, [QUESTION, "And of Spain?", f"/save {path}"])
    saved = json.loads(path.read_text())
    texts = [answer["text"] for answer in answers]
    assert [each["content"] for each in saved] == [QUESTION, texts[0], "And of Spain?", texts[1]]
    assert [each["role"] for each in saved] == ["user", "assistant"] * 2
    assert answers[1]["cached_tokens"] > answers[0]["prompt_tokens"] > 0


def test_messages_of_several_lines(model, tmp_path):
    lines = ['"""', "a", "", "b", '"""', "c\\", "d", '"""e', 'f"""', '"""g"""', "", "  ", "//h"]
    assert asked(messages(model, tmp_path, lines)) == ["a\n\nb", "c\nd", "e\nf", "g", "/h"]
    answers, _ = chat(model, ['"""never', "closed"], "-n", 1)
    assert len(answers) == 1


def test_slash_commands(model, tmp_path):
    found = messages(model, tmp_path, ["a", "b", "/undo", "/retry", "/system Be brief.", "c"])
    assert found[0] == ("system", "Be brief.") and asked(found) == ["a", "c"]
    assert asked(messages(model, tmp_path, ["a", "/clear", "b", "/new", "c"])) == ["c"]
    assert messages(model, tmp_path, [], "--system", "Be kind.") == [("system", "Be kind.")]
    (tmp_path / "other.json").write_text(json.dumps({"messages": [{"role": "user", "content": "x"}]}))
    assert asked(messages(model, tmp_path, [f"/load {tmp_path}/other.json", "y"])) == ["x", "y"]
    for name in ("/exit", "/quit", "/bye"):
        assert asked(messages(model, tmp_path, ["a"])) == ["a"]
        assert chat(model, [name, "a"])[0] == []


def test_wrong_slash_commands_change_nothing(model, tmp_path):
    (tmp_path / "bad.json").write_text("{nope")
    (tmp_path / "list.json").write_text("[1]")
    wrong = {
        "/frobnicate": "/help",
        "/undo": "nothing",
        "/retry": "nothing",
        "/set": "temp",
        "/set temp -1": "from 0 to 100",
        "/set temp": "a name and a value",
        "/set colour red": "the names are",
        "/save": "name of a file",
        f"/save {tmp_path}": "is a directory",
        "/load": "name of a file",
        f"/load {tmp_path}/none.json": "no such file",
        f"/load {tmp_path}/bad.json": "is not JSON",
        f"/load {tmp_path}/list.json": "no list of messages",
        "/help": "/save FILE",
        "/stats": "context of 4096 tokens",
    }
    for line, expected in wrong.items():
        answers, errors = chat(model, [line])
        assert answers == [] and expected in errors, line


def test_settings(model):
    answers, errors = chat(model, ["/set n 3", "/set temp 1.5", "/set seed 7", "Hello", "/set"], "--temp", 0)
    assert answers[0]["completion_tokens"] == 3 and answers[0]["finish_reason"] == "length"
    assert re.search(r"^temp +1\.5$", errors, re.M) and re.search(r"^seed +7$", errors, re.M)
    texts = [
        [answer["text"] for answer in chat(model, ["Hello", "/retry"], "--temp", 1.5, "--seed", seed)[0]]
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2] and texts[0][0] != texts[0][1]


def test_options_are_those_of_run():
    texts = [
        subprocess.run([ROOT / "quern", "help", name], capture_output=True, text=True).stdout
        for name in ("run", "chat")
    ]
    run, own = (set(re.findall(r"--[\w-]+", text)) for text in texts)
    assert own == run - {"--mask-stats"}  # which measures one answer
    done = subprocess.run([ROOT / "quern", "chat", "--host", "wasmtime"], capture_output=True, text=True)
    assert done.returncode == 2 and "must be one of node" in done.stderr


def test_a_conversation_longer_than_the_context(model):
    answers, errors = chat(model, ["word " * 60] * 4, "-c", 256, "-n", 4)
    assert len(answers) == 4 and "longer than the context" in errors
    answers, errors = chat(model, ["word " * 400, "Hello"], "-c", 256, "-n", 4)
    assert "context holds 256" in answers[0]["error"] and answers[0]["error"] in errors
    assert answers[1]["prompt_tokens"] < 60


def test_without_a_template(tmp_path):
    path = tmp_path / "plain.gguf"
    other = TINY.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.that_template")
    usual = tmp_path / "usual.gguf"
    usual.write_bytes(other)
    answers, errors = chat(usual, ["a b"], "-n", 2)
    run = [ROOT / "quern", "run", "-m", usual, "-p", "a b", "--temp", "0", "-n", "2", "--json"]
    assert json.loads(subprocess.run(run, capture_output=True, check=True).stdout)["text"] == answers[0]["text"]
    assert "format of Phi-3" in errors
    path.write_bytes(other.replace(b"<|assistant|>", b"<|assessment|", 1))  # no control tokens of a usual format
    answers, errors = chat(path, ["a b", "c"], "-n", 2)
    assert len(answers) == 2 and "no chat template" in errors
    raw, errors = chat(path, ["a b", "c"], "-n", 2, "--raw")
    assert raw == answers and "template" not in errors
    run = [ROOT / "quern", "run", "-m", path, "-p", "a b", "--raw", "--temp", "0", "-n", "2", "--json"]
    assert json.loads(subprocess.run(run, capture_output=True, check=True).stdout)["text"] == answers[0]["text"]


def test_an_encoder_is_refused():
    path = VECTORS / "embeddings" / "bert-f32.gguf"
    done = subprocess.run(command(path), input="", capture_output=True, text=True)
    assert done.returncode == 1 and "is an encoder" in done.stderr


def test_an_interrupt_through_a_pipe_ends(model):
    child = subprocess.Popen(
        command(model, "--raw", "-c", 8192, "--temp", 0), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child.stdin.write(b"1 2 3 4\n")
    child.stdin.flush()
    first = child.stdout.read(1)
    child.send_signal(signal.SIGINT)
    rest, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130 and (first + rest).endswith(b"\n")


# ---- in a terminal ----


class Terminal:
    """./quern chat with a terminal of its own."""

    def __init__(self, model, *arguments):
        self.fd, other = pty.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.child = subprocess.Popen(
            command(model, *arguments), stdin=other, stdout=other, stderr=other, preexec_fn=take_terminal
        )
        os.close(other)
        self.seen = ""

    def type(self, data):
        os.write(self.fd, data)

    def until(self, pattern):
        """Waits for a pattern in what has not been looked at. Returns the text up to its end."""
        end = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.seen)):
            assert time.monotonic() < end, f"{pattern} is missing in {self.seen!r}"
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace").replace("\r\n", "\n")
                except OSError:  # the terminal is closed
                    raise AssertionError(f"{pattern} is missing in {self.seen!r}") from None
        text, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return text

    def prompt(self):
        return self.until(r"> (?:\x1b\[\d*G)?")

    def end(self):
        status = self.child.wait(PATIENCE)
        os.close(self.fd)
        return status


@pytest.fixture
def terminal(model):
    opened = []

    def open_terminal(*arguments):
        opened.append(Terminal(model, "--temp", 0, *arguments))
        return opened[-1]

    yield open_terminal
    for each in opened:
        if each.child.poll() is None:
            each.child.kill()
            each.child.wait()


def test_a_terminal(terminal):
    shell = terminal("-n", 24)
    assert "/help" in shell.prompt()
    shell.type(QUESTION.encode() + b"\r")
    shell.until("Paris.*\n")
    shell.prompt()
    shell.type(b"/stats\r")
    shell.until(r"context: +\d+ of 4096 tokens")
    shell.prompt()
    shell.type(CTRL_D)
    assert shell.end() == 0


def test_ctrl_c_stops_an_answer_and_the_conversation_goes_on(terminal, tmp_path):
    shell = terminal("--system", "Count.", "-c", 8192, "-n", 8000, "--repeat-penalty", 0.5)
    shell.prompt()
    shell.type(b"1 2 3 4\r")
    shell.until("\n.*[^\n>]{8}")
    shell.type(CTRL_C)
    shell.prompt()
    path = tmp_path / "saved.json"
    shell.type(f"/save {path}\r".encode())
    shell.until("saved 2 messages")
    saved = json.loads(path.read_text())
    assert saved[-1]["role"] == "assistant" and saved[-1]["content"]
    shell.prompt()
    shell.type(b"/set n 2\r")
    shell.prompt()
    shell.type(b"Hello\r")
    shell.until("cut at its limit")
    shell.prompt()
    shell.type(b"/exit\r")
    assert shell.end() == 0


def test_editing_in_a_terminal(terminal, tmp_path):
    """Ctrl-C drops a line, the up key brings an earlier one back, and what is pasted is one message."""
    shell = terminal("-n", 1)
    shell.prompt()
    shell.type(b"dropped" + CTRL_C)
    shell.prompt()
    shell.type(b"first\r")
    shell.until("cut at its limit")
    shell.prompt()
    shell.type(UP + b" again\r")
    shell.until("cut at its limit")
    shell.prompt()
    shell.type(b"\x1b[200~one\rtwo\rthree\x1b[201~")
    shell.type(b" four\r")
    shell.until("cut at its limit")
    shell.prompt()
    shell.type(b'"""quo\rted"""\r')
    shell.until("cut at its limit")
    shell.prompt()
    path = tmp_path / "saved.json"
    shell.type(b"/sav")
    shell.until("/sav")
    shell.type(b"\t")  # a key of its own: no completion within what is pasted
    shell.until("e")
    shell.type(f" {path}\r".encode())
    shell.until("saved 8 messages")
    found = [each["content"] for each in json.loads(path.read_text()) if each["role"] == "user"]
    assert found == ["first", "first again", "one\ntwo\nthree four", "quo\nted"]
    shell.type(CTRL_C)
    shell.until("Ctrl-D or /exit")
    shell.type(CTRL_D)
    assert shell.end() == 0
