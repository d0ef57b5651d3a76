/*
 * The page inside a SCORM package, in the order it works:
 *
 *   1. find the LMS's API object, in the windows around this one
 *   2. Initialize, once
 *   3. read who the learner is
 *   4. write "incomplete" if the LMS says that nothing was written yet, and commit at once
 *   5. ask the bridge for a one-time address for this learner
 *   6. show OttoLearn there: in a frame over this page, or in a window of its own
 *   7. commit whenever the page is hidden; Terminate, once, when it goes away
 *
 * What differs between packages is in the data- attributes of <body>; this file is the same in all of them.
 * Nothing is kept in cookies or storage: in a third-party frame there may be none. No request tells where it came
 * from (<meta name="referrer">), because an LMS's addresses may hold sessions.
 */
"use strict";

(() => {
  const WINDOWS_LIMIT = 500;
  const BRIDGE_TIMEOUT = 20000; // milliseconds

  const DIALECTS = {
    scorm12: {
      object: "API",
      initialize: "LMSInitialize",
      terminate: "LMSFinish",
      get: "LMSGetValue",
      set: "LMSSetValue",
      commit: "LMSCommit",
      lastError: "LMSGetLastError",
      alreadyInitialized: "101",
      id: "cmi.core.student_id",
      name: "cmi.core.student_name",
      status: "cmi.core.lesson_status",
      exit: "cmi.core.exit",
    },
    scorm2004: {
      object: "API_1484_11",
      initialize: "Initialize",
      terminate: "Terminate",
      get: "GetValue",
      set: "SetValue",
      commit: "Commit",
      lastError: "GetLastError",
      alreadyInitialized: "103",
      id: "cmi.learner_id",
      name: "cmi.learner_name",
      status: "cmi.completion_status",
      exit: "cmi.exit",
    },
  };

  const PROBLEMS = {
    no_lms: {
      message: "Your learning management system (LMS) was not found",
      advice: "Open this course from your LMS, not by itself. If you did, tell your course's support that "
        + "the page found no SCORM API.",
    },
    lms_refused: {
      message: "Your learning management system (LMS) did not start the course",
      advice: "Close this page, go back to your LMS and open the course again.",
    },
    unreachable: {
      message: "OttoLearn could not be reached",
      advice: "Check your connection and try again. If it stays like this, tell your course's support that the "
        + "bridge to OttoLearn does not answer, or does not accept this site.",
      again: true,
    },
    popup_blocked: {
      message: "Your browser did not open the window",
      advice: "Allow pop-up windows for this site, then try again.",
      again: true,
    },
    refused: {
      message: "OttoLearn could not be opened",
      advice: "Tell your course's support what you see here. They can put it right.",
      again: true,
    },
  };

  /** One of PROBLEMS; where the bridge refused, in its words, which are newer than this package. */
  class Problem extends Error {
    constructor(word, { title, message, reference } = {}) {
      const ours = PROBLEMS[word];
      super(asText(title) || ours.message);
      this.advice = asText(title) ? asText(message) : ours.advice;
      this.again = ours.again ?? false;
      this.reference = asText(reference);
    }
  }

  const asText = (value) => (typeof value === "string" ? value : "");

  // ---- 1. the LMS's API ----

  /** What `look` finds, or null where the browser does not let us look (a window of another site). */
  function peek(look) {
    try {
      return look() ?? null;
    } catch {
      return null;
    }
  }

  /** This window, its parents, then the openers of all of those and their parents; each once. */
  function* windowsAround() {
    const seen = new Set();
    const starts = [window];
    while (starts.length > 0) {
      for (let hop = starts.shift(); hop && !seen.has(hop) && seen.size < WINDOWS_LIMIT; ) {
        const here = hop;
        seen.add(here);
        yield here;
        starts.push(peek(() => here.opener));
        hop = peek(() => here.parent);
      }
    }
  }

  /** The API object of one version. SuccessFactors (Plateau) keeps it on the document. */
  function findObject({ object, initialize }) {
    for (const around of windowsAround()) {
      for (const look of [() => around[object], () => around.document[object]]) {
        const api = peek(look);
        if (api && peek(() => api[initialize])) {
          return api;
        }
      }
    }
    return null;
  }

  /** The package's own version first: some LMSs always offer both. */
  function findLms(ownVersion) {
    const versions = [ownVersion, ...Object.keys(DIALECTS).filter((version) => version !== ownVersion)];
    for (const version of versions) {
      const api = findObject(DIALECTS[version]);
      if (api) {
        return new Lms(api, version);
      }
    }
    throw new Problem("no_lms");
  }

  // ---- 2-4, 7. talking to it ----

  /** A session with an LMS. Answers may be strings, numbers, booleans or promises of them. */
  class Lms {
    #api;
    #words;
    #open = false;

    constructor(api, version) {
      this.#api = api;
      this.#words = DIALECTS[version];
      this.version = version;
    }

    #call(task, ...values) {
      return this.#api[this.#words[task]](...values);
    }

    async initialize() {
      const answer = String(await this.#call("initialize", ""));
      if (answer !== "true" && answer !== "1") {
        const error = String(await this.#call("lastError"));
        if (error !== this.#words.alreadyInitialized) {
          throw new Problem("lms_refused");
        }
      }
      this.#open = true;
    }

    /** A value as text. A boolean is not a value but a call that failed. */
    async read(element) {
      const answer = await this.#call("get", this.#words[element]);
      return ["string", "number", "bigint"].includes(typeof answer) ? String(answer).trim() : "";
    }

    /** Only an explicit "nothing yet" is overwritten. Open edX answers "" whatever the status is. */
    async begin() {
      const status = (await this.read("status")).toLowerCase();
      if (status === "not attempted" || status === "unknown") {
        await this.#call("set", this.#words.status, "incomplete");
      }
      await this.#call("set", this.#words.exit, "suspend");
      await this.commit();
    }

    async commit() {
      if (this.#open) {
        await this.#call("commit", "");
      }
    }

    /** Best effort: browsers drop most of what an LMS does while its page goes away. */
    async terminate() {
      if (this.#open) {
        this.#open = false;
        await this.#call("terminate", "");
      }
    }
  }

  /** What is tried for the LMS's sake must not stop the learner. */
  async function tryQuietly(task) {
    try {
      await task();
    } catch (error) {
      console.warn("OttoBridge: the LMS did not take a call:", error);
    }
  }

  async function startSession(ownVersion) {
    const lms = findLms(ownVersion);
    try {
      await lms.initialize();
    } catch {
      throw new Problem("lms_refused");
    }
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        tryQuietly(() => lms.commit());
      }
    });
    window.addEventListener("pagehide", (event) => {
      if (!event.persisted) { // a page kept for the back button comes back alive
        tryQuietly(() => lms.terminate());
      }
    });
    return lms;
  }

  async function readLearner(lms) {
    const learner = { version: lms.version, learner_id: "", learner_name: "" };
    await tryQuietly(async () => { learner.learner_id = await lms.read("id"); });
    await tryQuietly(async () => { learner.learner_name = await lms.read("name"); });
    return learner;
  }

  // ---- 5. asking the bridge ----

  /** The LMS's front page, where this page can see it: not its address in full, which may hold a session. */
  function lmsFrontPage() {
    const origin = peek(() => window.top.location.origin);
    return origin && origin !== "null" ? `${origin}/` : "";
  }

  /** The one-time address for `learner`; throws a Problem with the bridge's reference. */
  async function askBridge(launchUrl, learner) {
    let answer;
    try {
      const response = await fetch(launchUrl, {
        method: "POST",
        mode: "cors",
        credentials: "omit",
        cache: "no-store",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...learner, return_url: lmsFrontPage() }),
        signal: AbortSignal.timeout(BRIDGE_TIMEOUT),
      });
      answer = await response.json();
    } catch {
      throw new Problem("unreachable");
    }
    const url = peek(() => new URL(answer.url));
    if (!url || url.origin !== new URL(launchUrl).origin) {
      throw new Problem("refused", answer ?? {});
    }
    return url.href;
  }

  // ---- 6. what the learner sees ----

  const element = (id) => document.getElementById(id);

  function show(id, text) {
    element(id).textContent = text;
    element(id).hidden = text === "";
  }

  function showFact(id, text) {
    element(id).textContent = text;
    element(`${id}-row`).hidden = text === "";
  }

  /** A click hides the button while it works; if one is there again afterwards, it has the focus again. */
  function showButton(label, onClick) {
    const button = element("open");
    button.textContent = label;
    button.hidden = false;
    button.onclick = async () => {
      await onClick();
      button.focus();
    };
  }

  function showMessage(message, advice = "") {
    document.body.classList.remove("framed", "problem");
    show("message", message);
    show("advice", advice);
    element("facts").hidden = true;
    element("open").hidden = true;
  }

  function showProblem(error, learner, tryAgain) {
    const problem = error instanceof Problem ? error : new Problem("refused");
    const studentId = learner?.learner_id ?? "";
    showMessage(problem.message, problem.advice);
    document.body.classList.add("problem");
    showFact("student", studentId);
    showFact("reference", problem.reference);
    element("facts").hidden = studentId === "" && problem.reference === "";
    if (problem.again && tryAgain) {
      showButton("Try again", tryAgain);
    }
  }

  /** OttoLearn over the whole page, and a narrow bar for browsers or sites that do not let it be framed. */
  function showFrame(url) {
    const frame = document.createElement("iframe");
    frame.title = "OttoLearn";
    frame.allow = "autoplay; fullscreen";
    frame.src = url;
    showMessage("OttoLearn is open below");
    element("bar").before(frame);
    element("bar").hidden = false;
    document.body.classList.add("framed");
    frame.focus();
  }

  /** Must run inside a click. The window is opened at once, empty, because a browser would block it later. */
  async function openWindow(launchUrl, learner) {
    const opened = window.open("about:blank", "_blank");
    if (!opened) {
      throw new Problem("popup_blocked");
    }
    opened.opener = null; // OttoLearn gets no hold on the LMS
    try {
      opened.location.replace(await askBridge(launchUrl, learner));
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  async function launchInFrame(launchUrl, learner) {
    showMessage("Opening OttoLearn …");
    try {
      showFrame(await askBridge(launchUrl, learner));
    } catch (error) {
      showProblem(error, learner, () => launchInFrame(launchUrl, learner));
      return;
    }
    element("reopen").onclick = async () => {
      try {
        await openWindow(launchUrl, learner);
        show("bar-message", "OttoLearn is open in a new window");
      } catch (error) {
        show("bar-message", error.message);
      }
    };
  }

  function offerWindow(launchUrl, learner) {
    const onClick = async () => {
      try {
        showMessage("Opening OttoLearn …");
        await openWindow(launchUrl, learner);
        showMessage("OttoLearn is open in a new window", "Keep this page open until you are done there.");
        showButton("Open OttoLearn again", onClick);
      } catch (error) {
        showProblem(error, learner, onClick);
      }
    };
    showMessage("Your course is ready", "OttoLearn opens in a new window.");
    showButton("Open OttoLearn", onClick);
  }

  async function main() {
    const { launchUrl, scorm, window: opensIn } = document.body.dataset;
    try {
      const lms = await startSession(scorm);
      const learner = await readLearner(lms);
      await tryQuietly(() => lms.begin());
      // an empty id is sent too: the bridge refuses it with a reference, and its operator sees it
      await (opensIn === "window" && learner.learner_id ? offerWindow : launchInFrame)(launchUrl, learner);
    } catch (error) {
      showProblem(error);
    }
  }

  main();
})();
