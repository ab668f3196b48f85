/** What is thrown below (by Node, by engines) becomes words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
