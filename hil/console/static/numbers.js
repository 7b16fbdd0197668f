// Numbers on the axis of a plot, by the rules of hil/wording: a zero before the point, none at the end, commas from 1,000. Everything
// else that a page shows comes from the server as finished text.

/** Write a number with at most so many decimals: tick(1500.50, 2) is "1,500.5". What is no number is nothing. */
export function tick(value, decimals = 0) {
  if (!Number.isFinite(value)) return "";
  const [whole, part = ""] = Math.abs(value).toFixed(decimals).split(".");
  const tail = part.replace(/0+$/, "");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (tail && `.${tail}`);
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** How many decimals the ticks of an axis need when they are so far apart: 3 for 0.125, none for 10. */
export function decimalsOf(step) {
  for (let decimals = 0; decimals < 6; decimals++) if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) < 1e-6) return decimals;
  return 6;
}
