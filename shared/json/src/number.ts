// numeric_in refuses larger exponents, even those of a zero (set_var_from_str in numeric.c).
const MAX_EXPONENT = 1_000_000_000;
const MAX_WHOLE_DIGITS = 131_072;
const MAX_SCALE = 16_383;

/**
 * Whether PostgreSQL's `numeric` can hold a JSON number: at most 131,072 digits before the decimal point and 16,383
 * after it (PostgreSQL manual, 8.1.2 "Arbitrary Precision Numbers").
 */
export function isStorableNumber(text: string): boolean {
  const { digits, scale } = splitNumber(text);
  if (scale > MAX_SCALE || scale < -MAX_EXPONENT) return false;
  return digits === "" || digits.length - scale <= MAX_WHOLE_DIGITS;
}

interface NumberSize {
  wholeDigits: number;
  fractionDigits: number;
  exponent: number;
}

/** Applies the same rule to a number whose first digit is not zero, from the lengths of its parts alone. */
export function isStorableSize({ wholeDigits, fractionDigits, exponent }: NumberSize): boolean {
  const scale = fractionDigits - exponent;
  return scale <= MAX_SCALE && scale >= -MAX_EXPONENT && wholeDigits + exponent <= MAX_WHOLE_DIGITS;
}

/**
 * Splits a JSON number into exact parts: its digits without leading zeros, and its scale, which is the number of digits
 * after the decimal point (negative if zeros follow the digits).
 */
function splitNumber(text: string): { negative: boolean; digits: string; scale: number } {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return { negative: false, digits: "", scale: 0 };
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  return { negative: sign === "-", digits, scale: fraction.length - Number(exponent) };
}

/** Returns the same text for numbers of the same value: `1`, `1.0` and `10e-1` are equal, and so are `0` and `-0`. */
export function canonicalNumber(text: string): string {
  const { negative, digits, scale } = splitNumber(text);
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end--; // a regular expression would take quadratic time
  return end === 0 ? "0" : `${negative ? "-" : ""}${digits.slice(0, end)}e${digits.length - end - scale}`;
}
