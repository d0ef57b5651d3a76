/*
 * The LMS as a package sees it: its API object is found in the windows around this one, and spoken to in the words of
 * SCORM 1.2 or 2004. launch.js and probe.js work with it.
 *
 * Answers of an LMS may be strings, numbers, booleans or promises of them, and a promise may stay open for ever.
 */
"use strict";

const OttoBridge = (() => {
  const WINDOWS_LIMIT = 500;
  const LMS_TIMEOUT = 10000; // milliseconds
  const LOOK_EVERY = 200;
  const LOOKS = 50; // ten seconds: some LMSs put their API there only after our page has begun

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
      language: "cmi.student_preference.language",
      status: "cmi.core.lesson_status",
      mode: "cmi.core.lesson_mode",
      exit: "cmi.core.exit",
      time: "cmi.core.session_time",
      score: "cmi.core.score",
      asTime: (seconds) => [seconds / 3600, (seconds / 60) % 60, seconds % 60]
        .map((part, at) => String(Math.floor(part)).padStart(at === 0 ? 4 : 2, "0")).join(":"),
      mastered: { "cmi.core.lesson_status": "passed" },
      ended: "",
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
      language: "cmi.learner_preference.language",
      status: "cmi.completion_status",
      mode: "cmi.mode",
      exit: "cmi.exit",
      time: "cmi.session_time",
      score: "cmi.score",
      asTime: (seconds) => `PT${Math.floor(seconds)}S`,
      mastered: { "cmi.completion_status": "completed", "cmi.success_status": "passed" },
      ended: "normal",
    },
  };

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

  /** The versions that this LMS offers, the package's own first: some LMSs always offer both. */
  function versionsFound(ownVersion) {
    const versions = [ownVersion, ...Object.keys(DIALECTS).filter((version) => version !== ownVersion)];
    return versions.filter((version) => findObject(DIALECTS[version]));
  }

  /** What `versionsFound` finds as soon as it finds something; nothing after ten seconds. Says once that it waits. */
  async function versionsAwaited(ownVersion, onWait = () => {}) {
    for (let looks = 0; ; looks += 1) {
      const found = versionsFound(ownVersion);
      if (found.length > 0 || looks === LOOKS) {
        return found;
      }
      if (looks === 0) {
        onWait();
      }
      await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY); });
    }
  }

  /** An LMS that did not answer in time. */
  class Silence extends Error {}

  function within(milliseconds, promise) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Silence()), milliseconds);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  /** A session with an LMS. */
  class Lms {
    #api;
    #words;
    #open = false;
    #over = false;
    #began = Date.now();
    #done = false;
    #seconds = null;

    constructor(version) {
      this.#words = DIALECTS[version];
      this.#api = findObject(this.#words);
      this.version = version;
    }

    #call(task, ...values) {
      return this.#api[this.#words[task]](...values);
    }

    async #ask(task, ...values) {
      if (this.#over) {
        throw new Error("the session with the LMS is over");
      }
      return within(LMS_TIMEOUT, this.#call(task, ...values));
    }

    /** Whether the session is open now; throws Silence. */
    async initialize() {
      const answer = String(await this.#ask("initialize", ""));
      this.#open = answer === "true" || answer === "1"
        || String(await this.#ask("lastError")) === this.#words.alreadyInitialized;
      return this.#open;
    }

    /** A value as text. A boolean is not a value but a call that failed. */
    async read(element) {
      const answer = await this.#ask("get", this.#words[element] ?? element);
      return ["string", "number", "bigint"].includes(typeof answer) ? String(answer).trim() : "";
    }

    async lastError() {
      return String(await this.#ask("lastError"));
    }

    /** Only an explicit "nothing yet" is overwritten. Open edX answers "" whatever the status is. */
    async begin() {
      const status = (await this.read("status")).toLowerCase();
      this.#done = status === "passed" || status === "completed";
      if (status === "not attempted" || status === "unknown") {
        await this.#ask("set", this.#words.status, "incomplete");
      }
      await this.#ask("set", this.#words.exit, "suspend");
      await this.commit();
    }

    /** What OttoLearn says: incomplete until mastered, then complete, passed, 100. Nothing is ever lowered. */
    async report({ progress, mastered, seconds }) {
      const percent = mastered ? 100 : Math.floor(progress * 100);
      this.#seconds = seconds;
      if (!this.#done) {
        const score = this.#words.score;
        const values = { [`${score}.min`]: "0", [`${score}.max`]: "100", [`${score}.raw`]: String(percent) };
        if (this.version === "scorm2004") {
          Object.assign(values, { "cmi.score.scaled": String(percent / 100), "cmi.progress_measure": String(percent / 100) });
        }
        for (const [name, value] of Object.entries({ ...values, ...(mastered ? this.#words.mastered : {}) })) {
          await this.#ask("set", name, value);
        }
        this.#done = mastered;
      }
      await this.#ask("set", this.#words.time, this.#time());
      await this.commit();
    }

    async commit() {
      if (this.#open) {
        await this.#ask("commit", "");
      }
    }

    /** Ends the session, once, without waiting: browsers drop most of what an LMS does while its page goes away. */
    terminate() {
      if (this.#open) {
        this.#open = false;
        this.#over = true; // what was being said when the learner left is not said to its end
        const calls = [
          ["set", this.#words.time, this.#time()],
          ["set", this.#words.exit, this.#done ? this.#words.ended : "suspend"],
          ["terminate", ""],
        ];
        for (const [task, ...values] of calls) {
          tryQuietly(() => this.#call(task, ...values));
        }
      }
    }

    #time() {
      return this.#words.asTime(this.#seconds ?? (Date.now() - this.#began) / 1000);
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

  return { Lms, Silence, peek, tryQuietly, versionsAwaited, windowsAround };
})();
