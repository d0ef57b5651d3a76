"use strict";
// The SCORM runtime API that content finds on this page: window.API (1.2) or window.API_1484_11 (2004).
// Elements and error codes: SCORM 1.2 Run-Time Environment, section 3; SCORM 2004 4th Edition RTE, sections 3 and 4.
(() => {
  const record = document.getElementById("record");
  const { version, learnerId, learnerName } = record.dataset;

  // A check says what is wrong with a value: "type", "range", or nothing.
  const must = (holds) => (value) => (holds(value) ? "" : "type");
  const text = (limit) => must((value) => value.length <= limit);
  const oneOf = (...words) => must((value) => words.includes(value));
  const matching = (pattern) => must((value) => pattern.test(value));
  const number = (least, most, blank) => (value) => {
    if (blank && value === "") return "";
    if (!/^-?\d+(\.\d+)?$/.test(value)) return "type";
    return Number(value) >= least && Number(value) <= most ? "" : "range";
  };

  // An element is [access, first value, check]; access is r, w or rw.
  const MODELS = {
    scorm12: {
      object: "API",
      calls: ["LMSInitialize", "LMSFinish", "LMSGetValue", "LMSSetValue", "LMSCommit",
        "LMSGetLastError", "LMSGetErrorString", "LMSGetDiagnostic"],
      codes: { again: "101", ended: "301", finish: "301", get: "301", set: "301", commit: "301",
        argument: "201", unknown: "401", keyword: "402", readOnly: "403", writeOnly: "404", type: "405", range: "405" },
      words: { 0: "No error", 101: "General exception", 201: "Invalid argument error", 301: "Not initialized",
        401: "Not implemented error", 402: "Invalid set value, element is a keyword",
        403: "Element is read only", 404: "Element is write only", 405: "Incorrect data type" },
      elements: {
        "cmi.core.student_id": ["r", learnerId],
        "cmi.core.student_name": ["r", learnerName],
        "cmi.core.lesson_location": ["rw", "", text(255)],
        "cmi.core.credit": ["r", "credit"],
        "cmi.core.lesson_status": ["rw", "not attempted",
          oneOf("passed", "completed", "failed", "incomplete", "browsed")],
        "cmi.core.entry": ["r", "ab-initio"],
        "cmi.core.score.raw": ["rw", "", number(0, 100, true)],
        "cmi.core.score.min": ["rw", "", number(0, 100, true)],
        "cmi.core.score.max": ["rw", "", number(0, 100, true)],
        "cmi.core.total_time": ["r", "0000:00:00.00"],
        "cmi.core.lesson_mode": ["r", "normal"],
        "cmi.core.exit": ["w", "", oneOf("time-out", "suspend", "logout", "")],
        "cmi.core.session_time": ["w", "", matching(/^\d{2,4}:\d{2}:\d{2}(\.\d{1,2})?$/)],
        "cmi.suspend_data": ["rw", "", text(4096)],
        "cmi.launch_data": ["r", ""],
      },
      keywords: { "cmi.core._children": "student_id,student_name,lesson_location,credit,lesson_status,entry,score," +
        "total_time,lesson_mode,exit,session_time", "cmi.core.score._children": "raw,min,max" },
      shown: { status: "cmi.core.lesson_status", score: "cmi.core.score.raw" },
    },
    scorm2004: {
      object: "API_1484_11",
      calls: ["Initialize", "Terminate", "GetValue", "SetValue", "Commit",
        "GetLastError", "GetErrorString", "GetDiagnostic"],
      codes: { again: "103", ended: "104", finish: "112", get: "122", set: "132", commit: "142",
        finishAfter: "113", getAfter: "123", setAfter: "133", commitAfter: "143",
        argument: "201", unknown: "401", unset: "403", keyword: "404", readOnly: "404", writeOnly: "405", type: "406", range: "407" },
      words: { 0: "No Error", 103: "Already Initialized", 104: "Content Instance Terminated",
        112: "Termination Before Initialization", 113: "Termination After Termination",
        122: "Retrieve Data Before Initialization", 123: "Retrieve Data After Termination",
        132: "Store Data Before Initialization", 133: "Store Data After Termination",
        142: "Commit Before Initialization", 143: "Commit After Termination", 201: "General Argument Error",
        401: "Undefined Data Model Element", 403: "Data Model Element Value Not Initialized",
        404: "Data Model Element Is Read Only", 405: "Data Model Element Is Write Only",
        406: "Data Model Element Type Mismatch", 407: "Data Model Element Value Out Of Range" },
      elements: {
        "cmi.learner_id": ["r", learnerId],
        "cmi.learner_name": ["r", learnerName],
        "cmi.completion_status": ["rw", "unknown", oneOf("completed", "incomplete", "not attempted", "unknown")],
        "cmi.success_status": ["rw", "unknown", oneOf("passed", "failed", "unknown")],
        "cmi.progress_measure": ["rw", null, number(0, 1)],
        "cmi.score.scaled": ["rw", null, number(-1, 1)],
        "cmi.score.raw": ["rw", null, number(-Infinity, Infinity)],
        "cmi.score.min": ["rw", null, number(-Infinity, Infinity)],
        "cmi.score.max": ["rw", null, number(-Infinity, Infinity)],
        "cmi.location": ["rw", null, text(1000)],
        "cmi.suspend_data": ["rw", null, text(64000)],
        "cmi.launch_data": ["r", null],
        "cmi.credit": ["r", "credit"],
        "cmi.mode": ["r", "normal"],
        "cmi.entry": ["r", "ab-initio"],
        "cmi.exit": ["w", "", oneOf("time-out", "suspend", "logout", "normal", "")],
        "cmi.session_time": ["w", "", matching(/^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/)],
        "cmi.total_time": ["r", "PT0H0M0S"],
      },
      keywords: { "cmi._version": "1.0", "cmi.score._children": "scaled,raw,min,max" },
      shown: { status: "cmi.completion_status", score: "cmi.score.scaled" },
    },
  };

  const model = MODELS[version];
  const values = new Map(Object.entries(model.elements).map(([name, [, first]]) => [name, first]));
  let state = "before";
  let error = "0";
  let commits = 0;

  const answer = (code, value) => {
    error = code;
    return value;
  };
  const show = (what, value) => {
    record.querySelector(`[data-shows="${what}"]`).textContent = value;
  };
  const showAll = () => {
    show("session", { before: "not begun", running: "running", after: "ended" }[state]);
    show("status", values.get(model.shown.status));
    show("score", values.get(model.shown.score) || "none");
    show("commits", String(commits));
  };
  const closed = (what) => (state === "after" && model.codes[`${what}After`]) || model.codes[what];

  function initialize(argument) {
    if (argument !== "") return answer(model.codes.argument, "false");
    if (state !== "before") return answer(state === "after" ? model.codes.ended : model.codes.again, "false");
    state = "running";
    showAll();
    return answer("0", "true");
  }

  function finish(argument) {
    if (state !== "running") return answer(closed("finish"), "false");
    if (argument !== "") return answer(model.codes.argument, "false");
    state = "after";
    showAll();
    return answer("0", "true");
  }

  function getValue(name) {
    if (state !== "running") return answer(closed("get"), "");
    if (Object.hasOwn(model.keywords, name)) return answer("0", model.keywords[name]);
    if (!Object.hasOwn(model.elements, name)) return answer(model.codes.unknown, "");
    if (model.elements[name][0] === "w") return answer(model.codes.writeOnly, "");
    const value = values.get(name);
    return value === null ? answer(model.codes.unset, "") : answer("0", value);
  }

  function setValue(name, given) {
    if (state !== "running") return answer(closed("set"), "false");
    if (Object.hasOwn(model.keywords, name)) return answer(model.codes.keyword, "false");
    if (!Object.hasOwn(model.elements, name)) return answer(model.codes.unknown, "false");
    const [access, , check] = model.elements[name];
    if (access === "r") return answer(model.codes.readOnly, "false");
    const wrong = check(String(given));
    if (wrong) return answer(model.codes[wrong], "false");
    values.set(name, String(given));
    return answer("0", "true");
  }

  function commit(argument) {
    if (state !== "running") return answer(closed("commit"), "false");
    if (argument !== "") return answer(model.codes.argument, "false");
    commits += 1;
    showAll();
    return answer("0", "true");
  }

  const functions = [initialize, finish, getValue, setValue, commit,
    () => error, (code) => model.words[code] || "", () => ""];
  window[model.object] = Object.fromEntries(model.calls.map((name, at) => [name, functions[at]]));
  if (version === "scorm2004") window[model.object].version = "1.0";
})();
