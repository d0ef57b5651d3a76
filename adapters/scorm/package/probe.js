/*
 * The page of a probe package: it shows the administrator what this LMS passes to a course, and sends the same to the
 * bridge, where `ottobridge probe show` proposes the connection's configuration. It launches nothing, and it writes
 * no status into the LMS.
 */
"use strict";

(async () => {
  const { Lms, peek, versionsAwaited, windowsAround } = OttoBridge;
  const { launchUrl, token, scorm } = document.body.dataset;
  const READ = {
    scorm12: ["cmi.core.student_id", "cmi.core.student_name", "cmi.core.lesson_status", "cmi.core.lesson_mode",
      "cmi.core.credit", "cmi.core.entry", "cmi.launch_data", "cmi.student_data.mastery_score"],
    scorm2004: ["cmi.learner_id", "cmi.learner_name", "cmi.completion_status", "cmi.success_status", "cmi.mode",
      "cmi.credit", "cmi.entry", "cmi.launch_data", "cmi.scaled_passing_score"],
  };

  /** Each element with what the LMS answers, and the error code behind it. */
  async function readAll(lms, version) {
    const values = {};
    for (const element of READ[version]) {
      try {
        values[element] = { value: await lms.read(element), error: await lms.lastError() };
      } catch (error) {
        values[element] = { value: "", error: error.constructor.name };
      }
    }
    return values;
  }

  async function look(version) {
    const lms = new Lms(version);
    try {
      const open = await lms.initialize();
      const values = open ? await readAll(lms, version) : {};
      lms.terminate();
      return { initialized: open, error: open ? "" : await lms.lastError(), values };
    } catch (error) {
      return { initialized: false, error: error.constructor.name, values: {} };
    }
  }

  function surroundings() {
    const around = [...windowsAround()];
    return {
      windows: around.length,
      closed_windows: around.filter((one) => peek(() => one.location.href) === null).length,
      framed: window.parent !== window,
      opener: peek(() => window.opener) !== null,
      language: navigator.language,
    };
  }

  const versions = await versionsAwaited(scorm);
  const findings = { package_version: scorm, versions, ...surroundings(), sessions: {} };
  if (versions.length > 0) {
    findings.sessions[versions[0]] = await look(versions[0]);
  }

  const facts = document.getElementById("facts");
  function row(name, value) {
    const box = document.createElement("div");
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    text.textContent = value;
    text.dir = "auto";
    box.append(term, text);
    facts.append(box);
  }
  facts.replaceChildren();
  row("SCORM versions found", versions.join(", ") || "none");
  row("Site of this page", window.origin);
  row("Windows around this page", `${findings.windows}, of which ${findings.closed_windows} of other sites`);
  for (const session of Object.values(findings.sessions)) {
    row("Session", session.initialized ? "opened" : `refused (${session.error})`);
    for (const [element, { value, error }] of Object.entries(session.values)) {
      row(element, `${value === "" ? "(empty)" : value}${error === "0" ? "" : ` · error ${error}`}`);
    }
  }
  facts.hidden = false;

  const message = document.getElementById("message");
  try {
    const response = await fetch(launchUrl.replace(/launch$/, "probe"), {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", "Authorization": `Bearer ${token}` },
      body: JSON.stringify(findings),
    });
    message.textContent = response.ok
      ? "This is what your LMS passes. The bridge has it, too."
      : `This is what your LMS passes. The bridge did not take it: ${(await response.json()).error}`;
  } catch {
    message.textContent = "This is what your LMS passes. The bridge could not be reached.";
  }
})();
