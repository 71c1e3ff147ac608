import type { RateLimiter, RateLimiterConfig } from "../index.js";
import { invalidConfig } from "./errors.js";
import { fields } from "./fields.js";

/** A sliding window per key; see `index.d.ts`. */
export function createRateLimiter(config: RateLimiterConfig): RateLimiter {
  fields(config, "config");
  const { windowMs } = config;
  const [name, max] =
    "maxRequests" in config ? ["maxRequests", config.maxRequests] : ["maxEvents", config.maxEvents];
  if (!Number.isFinite(windowMs) || windowMs <= 0)
    throw invalidConfig("windowMs", "must be a positive number");
  if (!Number.isSafeInteger(max) || max < 1) throw invalidConfig(name, "must be a positive integer");

  // When each key was allowed, oldest first, at most `max` times. Keys stand in the order of their newest time, so that those
  // whose window has passed are at the front.
  const allowed = new Map<string, number[]>();

  // A clock that was set back leaves times in the future; they count as past, or their keys would be locked until then.
  const inWindow = (time: number, now: number): boolean => time > now - windowMs && time <= now;

  const forgetQuietKeys = (now: number): void => {
    for (const [key, times] of allowed) {
      if (inWindow(times[times.length - 1] as number, now)) return;
      allowed.delete(key);
    }
  };

  return {
    isAllowed(key) {
      const now = Date.now();
      forgetQuietKeys(now);
      const times = allowed.get(key);
      // Only as many of the oldest as have passed are moved: one call costs no more than it frees.
      while (times && times.length > 0 && !inWindow(times[0] as number, now)) times.shift();
      if (times && times.length >= max) return false;
      allowed.delete(key);
      allowed.set(key, times ?? []);
      allowed.get(key)?.push(now);
      return true;
    },
    remaining(key) {
      const now = Date.now();
      return max - (allowed.get(key) ?? []).filter((time) => inWindow(time, now)).length;
    },
    clear: () => allowed.clear(),
  };
}
