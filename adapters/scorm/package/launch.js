/*
 * The page inside a SCORM package, in the order it works:
 *
 *   1. find the LMS's API object (lms.js), looking for ten seconds, and Initialize, once
 *   2. read who the learner is
 *   3. write "incomplete" if the LMS says that nothing was written yet, and commit at once
 *   4. ask the bridge for a one-time code for this learner
 *   5. show OttoLearn: in a frame over this page, or in a window of its own, entered with the code in a posted form
 *   6. while the page is open, ask the bridge what OttoLearn says of the learner's progress, and tell the LMS
 *   7. commit whenever the page is hidden; Terminate, once, at "Exit" or when the page goes away
 *
 * Where there is no LMS, or it does not start the course, the bridge is told, for its administrator.
 *
 * What differs between packages is in the data- attributes of <body>; this file is the same in all of them.
 * Nothing is kept in cookies or storage: in a third-party frame there may be none. Requests tell which site they come
 * from, and no more of its address (<meta name="referrer">), because an LMS's addresses may hold sessions.
 */
"use strict";

(() => {
  const BRIDGE_TIMEOUT = 20000; // milliseconds
  const POLL_EVERY = 20000;
  const { Lms, Silence, peek, tryQuietly, versionsAwaited } = OttoBridge;
  const { choose, gettext, tag } = OttoBridgeLanguage;
  const { launchUrl, token, scorm, window: opensIn } = document.body.dataset;

  /** In the language of the moment: it may change once the LMS has said what the learner reads. */
  const problems = () => ({
    no_lms: {
      message: gettext("Your learning management system (LMS) was not found"),
      advice: gettext("Open this course from your LMS, not by itself. If you did, tell your course's support that the page found no SCORM API."),
      again: true,
    },
    lms_refused: {
      message: gettext("Your learning management system (LMS) did not start the course"),
      advice: gettext("Close this page, go back to your LMS and open the course again."),
    },
    lms_silent: {
      message: gettext("Your learning management system (LMS) does not answer"),
      advice: gettext("Close this page, go back to your LMS and open the course again. If it stays like this, tell your course's support that the LMS left a SCORM call without an answer."),
    },
    unreachable: {
      message: gettext("OttoLearn could not be reached"),
      advice: gettext("Check your connection and try again. If it stays like this, tell your course's support that the bridge to OttoLearn does not answer, or does not accept this site."),
      again: true,
    },
    popup_blocked: {
      message: gettext("Your browser did not open the window"),
      advice: gettext("Allow pop-up windows for this site, then try again."),
      again: true,
    },
    refused: {
      message: gettext("OttoLearn could not be opened"),
      advice: gettext("Tell your course's support what you see here. They can put it right."),
      again: true,
    },
  });

  /** One of problems(); where the bridge refused, in its words, which are newer than this package. */
  class Problem extends Error {
    constructor(word, { title, message, reference, error, letter, help_page: helpPage, explanation } = {}) {
      const ours = problems()[word];
      super(asText(title) || ours.message);
      this.word = word;
      this.advice = asText(title) ? asText(message) : ours.advice;
      this.again = ours.again ?? false;
      this.reference = asText(reference);
      this.reason = asText(error);
      this.letter = asAddress(letter, ["mailto:"]);
      this.helpPage = asAddress(helpPage, ["https:", "http:"]);
      this.explanation = asAddress(explanation, ["https:", "http:"]);
    }
  }

  /** The learner left the course while the page waited for an answer. */
  class Left extends Error {}

  const asText = (value) => (typeof value === "string" ? value : "");
  const asAddress = (value, schemes) => (schemes.includes(peek(() => new URL(value).protocol)) ? value : "");

  // ---- 1-3, 7. the session with the LMS ----

  async function startSession() {
    const [version] = await versionsAwaited(scorm, () => {
      showMessage(
        gettext("Waiting for your learning management system (LMS) …"),
        gettext("This takes ten seconds at most."),
      );
    });
    if (!version) {
      throw new Problem("no_lms");
    }
    const lms = new Lms(version);
    let open = false;
    try {
      open = await lms.initialize();
    } catch (error) {
      throw new Problem(error instanceof Silence ? "lms_silent" : "lms_refused");
    }
    if (!open) {
      throw new Problem("lms_refused");
    }
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        tryQuietly(() => lms.commit());
      }
    });
    window.addEventListener("pagehide", (event) => {
      if (!event.persisted) { // a page kept for the back button comes back alive
        lms.terminate();
      }
    });
    return lms;
  }

  let learner = null; // as last read
  let left = false; // the learner chose "Exit course"; what they still waited for must not come any more

  function expectLearner() {
    if (left) {
      throw new Left();
    }
  }

  /** Asked each time anew: some LMSs know who it is only a while after they have started. */
  async function readLearner(lms) {
    const found = { version: lms.version, learner_id: "", learner_name: "" };
    try {
      found.learner_id = await lms.read("id");
    } catch (error) {
      if (error instanceof Silence) {
        throw new Problem("lms_silent");
      }
    }
    await tryQuietly(async () => { found.learner_name = await lms.read("name"); });
    await tryQuietly(async () => speak(await lms.read("language")));
    learner = found; // in one step: after a second click another reading may go on
  }

  // ---- 4, 6. asking the bridge ----

  /** The LMS's front page, where this page can see it: not its address in full, which may hold a session. */
  function lmsFrontPage() {
    const origin = peek(() => window.top.location.origin);
    return origin && origin !== "null" ? `${origin}/` : "";
  }

  async function post(url, bearer, body) {
    const response = await fetch(url, {
      method: "POST",
      mode: "cors",
      credentials: "omit",
      cache: "no-store",
      headers: {
        "Content-Type": "application/json",
        "Accept-Language": tag(),
        "Authorization": `Bearer ${bearer}`,
        "X-OttoBridge-Handover": "post",
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(BRIDGE_TIMEOUT),
    });
    return { status: response.status, answer: (await response.json()) ?? {} };
  }

  /** Where to post which one-time code for the learner; throws a Problem with the bridge's reference. */
  async function askBridge() {
    let answer;
    expectLearner();
    try {
      ({ answer } = await post(launchUrl, token, { ...learner, return_url: lmsFrontPage() }));
    } catch {
      throw new Problem("unreachable");
    }
    expectLearner();
    const url = peek(() => new URL(answer.url));
    if (!url || url.origin !== new URL(launchUrl).origin || typeof answer.code !== "string") {
      throw new Problem("refused", answer);
    }
    return answer;
  }

  /** Tells the bridge what keeps this page from launching anybody; its answer has the reference of that record. */
  async function tellBridge(word) {
    try {
      const { answer } = await post(launchUrl.replace(/launch$/, "trouble"), token, { version: scorm, problem: word });
      return answer;
    } catch {
      return {};
    }
  }

  /** Tells the LMS what the bridge hears from OttoLearn; only the newest launch of this page is followed. */
  class Progress {
    #timer = 0;
    #session = "";
    #had = 0; // the newest revision that the LMS has taken

    constructor(lms) {
      this.lms = lms;
    }

    follow(session) {
      this.#session = session;
      this.#had = 0;
      this.#wait();
    }

    stop() {
      clearTimeout(this.#timer);
      this.#session = "";
    }

    #wait() {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(this.#session), POLL_EVERY);
    }

    async #ask(session) {
      try {
        const { status, answer } = await post(launchUrl.replace(/launch$/, "progress"), session, { had: this.#had });
        if (session !== this.#session || status === 403) {
          return; // a newer launch is followed, or the bridge knows this one no more
        }
        if (answer.revision > this.#had) {
          await this.lms.report(answer);
          this.#had = answer.revision;
          return void this.#ask(session); // so that the bridge knows at once
        }
      } catch {
        // the next round may do better
      }
      if (session === this.#session) {
        this.#wait();
      }
    }
  }

  // ---- 6. what the learner sees ----

  const element = (id) => document.getElementById(id);

  function show(id, text) {
    element(id).textContent = text;
    element(id).hidden = text === "";
  }

  /** The labels that stand on the page from the start. */
  async function speak(...wishes) {
    await choose(...wishes);
    const labels = {
      "student-label": gettext("Your student ID in this LMS"),
      "reference-label": gettext("Reference"),
      "reason-label": gettext("Reason"),
      copy: gettext("Copy"),
      help: gettext("Ask for help"),
      letter: gettext("Write an e-mail"),
      explanation: gettext("For administrators"),
      reopen: gettext("Open OttoLearn in a new window"),
      exit: gettext("Exit course"),
    };
    for (const [id, text] of Object.entries(labels)) {
      element(id).textContent = text;
    }
    element("explanation").ariaLabel = `${labels.explanation} (${gettext("opens a new window")})`;
  }

  function showLink(id, address) {
    element(id).href = address || "#";
    element(id).hidden = address === "";
  }

  /** Where the LMS's frame keeps the clipboard closed, the reference is selected, ready for the keyboard. */
  async function copyReference() {
    window.getSelection().selectAllChildren(element("reference"));
    try {
      await navigator.clipboard.writeText(element("reference").textContent);
    } catch {
      if (!document.execCommand("copy")) {
        return;
      }
    }
    element("copy").textContent = gettext("Copied");
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

  let shown = null; // the problem that the learner sees

  function showMessage(message, advice = "") {
    shown = null;
    document.body.classList.remove("framed", "problem");
    show("message", message);
    show("advice", advice);
    for (const id of ["facts", "open", "help", "letter"]) {
      element(id).hidden = true;
    }
  }

  function showReference({ reference, reason, letter, helpPage, explanation }) {
    showFact("reference", reference);
    element("reason").textContent = reason;
    element("reason").parentElement.hidden = reason === "";
    showLink("letter", letter);
    showLink("help", helpPage);
    showLink("explanation", explanation);
    element("copy").textContent = gettext("Copy");
  }

  const asProblem = (error) => (error instanceof Problem ? error : new Problem("refused"));

  function showProblem(error, tryAgain) {
    if (left) {
      return;
    }
    const problem = asProblem(error);
    const studentId = learner?.learner_id ?? "";
    showMessage(problem.message, problem.advice);
    shown = problem;
    document.body.classList.add("problem");
    showFact("student", studentId);
    showReference(problem);
    element("facts").hidden = studentId === "" && problem.reference === "";
    if (problem.again && tryAgain) {
      showButton(gettext("Try again"), tryAgain);
    }
  }

  /** Sends the one-time code into the window or frame called `target`: in a form, so that no address holds it. */
  function handOver({ url, code }, target) {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: url, target, hidden: true });
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "code", value: code });
    form.append(field);
    document.body.append(form);
    form.submit();
    form.remove();
  }

  /** OttoLearn over the whole page, and a narrow bar for browsers or sites that do not let it be framed. */
  function showFrame(answer) {
    const frame = document.createElement("iframe");
    Object.assign(frame, { title: "OttoLearn", name: "ottolearn", allow: "autoplay; fullscreen" });
    showMessage(gettext("OttoLearn is open below"));
    element("bar").before(frame);
    handOver(answer, frame.name);
    document.body.classList.add("framed");
    frame.focus();
  }

  /** Must run inside a click. The window is opened at once, empty, because a browser would block it later. */
  async function openWindow(lms, progress) {
    const target = `ottolearn-${Date.now()}`;
    const opened = window.open("about:blank", target);
    if (!opened) {
      throw new Problem("popup_blocked");
    }
    opened.opener = null; // OttoLearn gets no hold on the LMS
    try {
      await readLearner(lms);
      const answer = await askBridge();
      if (opened.closed) {
        throw new Problem("popup_blocked"); // by the learner, or by what keeps windows away
      }
      handOver(answer, target);
      progress.follow(answer.session);
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  async function launchInFrame(lms, progress) {
    showMessage(gettext("Opening OttoLearn …"));
    try {
      await readLearner(lms);
      const answer = await askBridge();
      showFrame(answer);
      progress.follow(answer.session);
    } catch (error) {
      showProblem(error, () => launchInFrame(lms, progress));
      return;
    }
    show("bar-message", gettext("OttoLearn does not show?"));
    element("reopen").hidden = false;
    element("reopen").onclick = async () => {
      try {
        await openWindow(lms, progress);
        show("bar-message", gettext("OttoLearn is open in a new window"));
      } catch (error) {
        show("bar-message", error.message);
      }
    };
  }

  function offerWindow(lms, progress) {
    const onClick = async () => {
      try {
        showMessage(gettext("Opening OttoLearn …"));
        await openWindow(lms, progress);
        showMessage(
          gettext("OttoLearn is open in a new window"),
          gettext("Keep this page open until you are done there."),
        );
        showButton(gettext("Open OttoLearn again"), onClick);
      } catch (error) {
        showProblem(error, onClick);
      }
    };
    showMessage(gettext("Your course is ready"), gettext("OttoLearn opens in a new window."));
    showButton(gettext("Open OttoLearn"), onClick);
  }

  /** The one sure way to end: while the page lives, the LMS takes everything. */
  function offerExit(lms, progress) {
    element("bar").hidden = false;
    element("exit").onclick = () => {
      left = true;
      progress.stop();
      lms.terminate();
      document.querySelector("iframe")?.remove();
      element("bar").hidden = true;
      showMessage(
        gettext("You have left the course"),
        gettext("Your time was handed to your learning management system (LMS). You may close this page."),
      );
      element("message").focus();
    };
  }

  async function main() {
    await speak();
    element("copy").onclick = copyReference;
    showMessage(gettext("Starting your course …"));
    try {
      const lms = await startSession();
      await readLearner(lms);
      const progress = new Progress(lms);
      await tryQuietly(() => lms.begin());
      offerExit(lms, progress);
      // an empty id is sent too: the bridge refuses it with a reference, and its operator sees it
      await (opensIn === "window" && learner.learner_id ? offerWindow : launchInFrame)(lms, progress);
    } catch (error) {
      const problem = asProblem(error);
      showProblem(problem, main);
      tellBridge(problem.word).then((answer) => {
        const told = new Problem(problem.word, answer);
        if (told.reference !== "" && problem === shown) {
          showReference(told);
          element("facts").hidden = false;
        }
      });
    }
  }

  main();
})();
