/** Counts are scaled down unless DIALOGUE_TEST_LONG=1 asks for the full ones. */
export const LONG = process.env["DIALOGUE_TEST_LONG"] === "1";

export function scaled(byDefault: number, full: number): number {
  return LONG ? full : byDefault;
}
