import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/mutants/**/*.test.ts'],
    // One mutant: hunted through all that the suite has, then shrunk.
    testTimeout: 300_000,
  },
})
