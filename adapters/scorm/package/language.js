/*
 * The language of the page: what the LMS says of the learner, else the package's own, else the browser's. The texts
 * stand in English in launch.js; texts-<tag>.js holds those of one language, from the bridge's catalogues.
 */
"use strict";

const OttoBridgeLanguage = (() => {
  const DIRECTIONS = { ar: "rtl", he: "rtl" };
  const { language: own, languages } = document.body.dataset;
  const known = new Map(languages.split(" ").map((tag) => [tag.toLowerCase(), tag]));
  let current = document.documentElement.lang;
  let texts = {};

  /** The language of a tag, which may be written `de_AT`; without its last subtags if need be (RFC 4647, 3.4). */
  function find(wish) {
    let tag = wish.trim().toLowerCase().replaceAll("_", "-");
    if (/^zh-(hant|tw|hk|mo)\b/.test(tag)) {
      return null; // another script
    }
    tag = tag.replace(/^zh\b.*/, "zh-hans").replace(/^iw\b/, "he");
    while (tag && !known.has(tag)) {
      tag = tag.slice(0, Math.max(tag.lastIndexOf("-"), 0));
    }
    return known.get(tag) ?? null;
  }

  /** The texts of a language; a package that lost the file stays readable. */
  function load(tag) {
    return new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = `texts-${tag}.js`;
      script.onload = () => resolve(window.OttoBridgeTexts ?? {});
      script.onerror = () => resolve(null);
      document.head.append(script);
    });
  }

  /** Speak the first of these languages that there is. */
  async function choose(...wishes) {
    const wanted = [...wishes, own, ...(navigator.languages ?? [navigator.language])];
    const tag = wanted.map((wish) => find(wish ?? "")).find((found) => found) ?? "en";
    if (tag === current) {
      return;
    }
    const found = tag === "en" ? {} : await load(tag);
    if (found) {
      [texts, current] = [found, tag];
      Object.assign(document.documentElement, { lang: tag, dir: DIRECTIONS[tag] ?? "ltr" });
    }
  }

  /** The text in the learner's language. */
  const gettext = (text) => texts[text] ?? text;

  return { choose, gettext, tag: () => current };
})();
