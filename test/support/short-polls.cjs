// The CLI asks every five seconds whether a stack is ready, which cannot be set. A local emulator is ready at once.
const { setTimeout: wait } = globalThis;

globalThis.setTimeout = (ring, ms, ...rest) => wait(ring, ms >= 2_000 && ms <= 5_000 ? ms / 20 : ms, ...rest);
