import { defineConfig } from 'vitest/config'

// Children are started and killed: on a busy machine that takes a while.
const patience = { testTimeout: 120_000, hookTimeout: 120_000 }
/** These keep every core busy: they come when nobody else is there. */
const underLoad = 'test/self/load/**/*.test.ts'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'self', include: ['test/self/**/*.test.ts'], exclude: [underLoad], ...patience } },
      { test: { name: 'load', include: [underLoad], ...patience, sequence: { groupOrder: 1 } } },
    ],
  },
})
