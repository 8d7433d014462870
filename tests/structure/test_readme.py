"""The README's script is not a picture of a script: it runs."""

import re
import runpy
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_script_runs(tmp_path, monkeypatch, capsys):
    [script] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    short, replaced = re.subn(r"steps=\d+", "steps=2, warmup=0, decay=1", script)
    assert replaced == 1
    (tmp_path / "letters.txt").write_text("Dear friend, how are you? I am well. " * 3000)
    (tmp_path / "script.py").write_text(short)
    monkeypatch.chdir(tmp_path)
    runpy.run_path("script.py")
    assert capsys.readouterr().out.startswith("Dear")
