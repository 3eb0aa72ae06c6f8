/* Measured values are decimals: compared as text with BigInt, never as binary floating point. */

/** Full-width digits and letters, as Japanese keyboards and scanners send them, become plain ones. */
export function fold(text) {
  return text.normalize("NFKC").replace(/[\u2212\u30FC](?=\d)/g, "-").trim();
}

/** {digits, scale} of a decimal text, or null when it is no number. */
export function decimal(text) {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,2}))?$/i.exec(fold(text ?? ""));
  if (!parts || !(parts[2] || parts[3])) return null;
  const fraction = parts[3] ?? "";
  const digits = BigInt(parts[2] + fraction) * (parts[1] === "-" ? -1n : 1n);
  return { digits, scale: fraction.length - Number(parts[4] ?? 0) };
}

/** Negative, zero or positive as a is below, equal to or above b. */
export function compare(a, b) {
  const scale = Math.max(a.scale, b.scale);
  const difference = a.digits * 10n ** BigInt(scale - a.scale) - b.digits * 10n ** BigInt(scale - b.scale);
  return difference < 0n ? -1 : Number(difference > 0n);
}
