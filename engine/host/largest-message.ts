/** Everything that a client says fits in this, in bytes: the largest is a pack to install. */
export const largestMessage = 64 * 1024 * 1024;
