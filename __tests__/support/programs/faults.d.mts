/** What a hook may do wrong, by name. */
export const FAULTS: Record<string, () => unknown>;
