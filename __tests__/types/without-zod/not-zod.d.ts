/** In the place of Zod: nothing of it. */
export {};
