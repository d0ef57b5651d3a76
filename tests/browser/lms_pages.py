"""Pages of an LMS that plays /package/index.html: with scorm-again's runtime, or with an API written for one test."""

from __future__ import annotations

import json

PLAYER = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>LMS</title>
<style>body {{ margin: 0; font: 1rem sans-serif; background: #445; color: #fff }} header {{ padding: .5rem 1rem }}
iframe {{ display: block; width: 100%; height: 85vh; border: 0; background: #fff }}</style>
<script>
  window.calls = [];
  // notes every call and its answer, and hands the call on
  window.noted = (api) => new Proxy(api, {{
    get: (target, name) => typeof target[name] !== "function" ? target[name] : (...values) => {{
      const answer = target[name](...values);
      window.calls.push([name, ...values]);
      return answer;
    }},
  }});
</script>
{head}
<header>A learning management system</header>
{body}
</html>"""

FRAME = '<iframe id="sco" src="{package}" title="Course"></iframe>'

RUNTIME = """<script src="/{script}"></script>
<script>
  const runtime = new {maker}({{ autocommit: false, lmsCommitUrl: "/commit", logLevel: 5 }});
  runtime.loadFromJSON({cmi}, "cmi");
  window.{name} = noted(runtime);
</script>"""


def embed(value: object) -> str:
    """A value as JSON that is safe inside a <script>."""
    return json.dumps(value).replace("<", "\\u003c")


def frame(package: str = "/package/index.html") -> str:
    return FRAME.format(package=package)


def player(head: str, body: str | None = None) -> bytes:
    """An LMS page; without `body`, it plays the package in a frame."""
    return PLAYER.format(head=head, body=frame() if body is None else body).encode()


def scorm_again(version: str, student_id: str, name: str, **more: object) -> str:
    """scorm-again's API on the window of the page, as an LMS puts it there."""
    if version == "scorm12":
        cmi = {"core": {"student_id": student_id, "student_name": name, **more}}
        return RUNTIME.format(script="scorm12.min.js", maker="Scorm12API", name="API", cmi=embed(cmi))
    cmi = {"learner_id": student_id, "learner_name": name, **more}
    return RUNTIME.format(script="scorm2004.min.js", maker="Scorm2004API", name="API_1484_11", cmi=embed(cmi))


def made_api(
    version: str,
    values: dict[str, str],
    *,
    initialize: str = '"true"',
    set_value: str = '"true"',
    last_error: str = '"0"',
) -> str:
    """An API that answers as one LMS would: all but `version` are JavaScript expressions."""
    name, prefix = ("API", "LMS") if version == "scorm12" else ("API_1484_11", "")
    finish = "Finish" if version == "scorm12" else "Terminate"
    table = ", ".join(f"{json.dumps(key)}: () => ({value})" for key, value in values.items())
    return f"""<script>
      window.{name} = noted({{
        {prefix}Initialize: () => ({initialize}), {prefix}{finish}: () => "true", {prefix}Commit: () => "true",
        {prefix}GetValue: (key) => ({{ {table} }})[key]?.() ?? "", {prefix}SetValue: () => ({set_value}),
        {prefix}GetLastError: () => ({last_error}),
      }});
    </script>"""
