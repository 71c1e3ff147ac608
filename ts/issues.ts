import type { InvalidResult, ValidationIssue } from "../index.js";
import { Err } from "./result.js";

/** A mistake, as Zod and Standard Schema tell of it. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
}

/** A payload can be one mistake after the other: what is told of them has a bound. */
const MOST_ISSUES = 100;
/** Characters of all issues together, and of one message or key. */
const MOST_TEXT = 16_384;
const LONGEST_TEXT = 500;

/** `Err` of a text that names each mistake, with the mistakes beside it. */
export function invalid(name: string, found: readonly Issue[]): InvalidResult {
  const issues: ValidationIssue[] = [];
  let size = 0;
  for (const each of found) {
    const issue = readIssue(each);
    size += issue.message.length + issue.path.join(".").length;
    // The first one is told in any case: its length has a bound too.
    if (issues.length >= MOST_ISSUES || (issues.length > 0 && size > MOST_TEXT)) break;
    issues.push(issue);
  }
  const left = found.length - issues.length;
  const text = issues.map(describe).join(", ") + (left > 0 ? `, and ${left} more` : "");
  const failed = Err(`Event '${name}' validation failed: ${text}`);
  return Object.freeze({ ...failed, issues: Object.freeze(issues) });
}

function readIssue({ message, path }: Issue): ValidationIssue {
  const keys = Array.isArray(path) ? path.map(readKey) : [];
  while (keys.join(".").length > MOST_TEXT) keys.pop();
  return Object.freeze({ path: Object.freeze(keys), message: short(String(message)) });
}

function readKey(segment: unknown): string | number {
  const key = typeof segment === "object" && segment !== null ? (segment as { key: unknown }).key : segment;
  return typeof key === "number" ? key : short(String(key));
}

const short = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;

const describe = ({ path, message }: ValidationIssue): string =>
  path.length === 0 ? message : `${path.join(".")}: ${message}`;
