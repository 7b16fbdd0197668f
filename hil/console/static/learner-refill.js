// Telling the pump of a refill: what is about to be told stands beside what went through the needle, with the dates of both.

import { actForm, errorText } from "./learner-desk.js";
import { comparison } from "./learner-review.js";
import { dialog, fill, h } from "./ui.js";

export function refillCheck(desk, door, { title, hint, number }) {
  const shown = h("div", { class: "stack tight", "aria-live": "polite" });
  const form = actForm(desk, door, {
    label: "Compare, then tell the pump",
    kind: "primary",
    confirm: async (args) => {
      const answer = await desk.do("review-refill", { volume: args.volume ?? "" });
      if (!answer.ok) {
        fill(shown, h("div", { class: "say bad" }, errorText(answer.error)));
        return false;
      }
      fill(shown);
      const screen = answer.seen;
      const warned = screen.warnings.length > 0;
      const sure = await dialog({
        title: "Before the pump is told",
        body: [screen.warnings.map((text) => h("p", { class: "say bad" }, h("b", {}, "Look again"), text)), comparison(screen.rows, screen.headings)],
        actions: [
          { label: "Back, I will correct it", value: "", focus: warned, kind: warned ? "primary" : "" },
          { label: warned ? "Tell the pump nevertheless" : "Tell the pump", value: "yes", kind: warned ? "danger" : "primary", focus: !warned },
        ],
      });
      return sure === "yes";
    },
  });
  return h("section", { class: "card stack tight" }, h("h3", {}, h("span", { class: "step-number" }, `${number}`), title), h("p", { class: "hint" }, hint), form, shown);
}
