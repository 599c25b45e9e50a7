// Loaded before each test file. A property whose runs take seconds, as those of stores do, would look for a shorter
// counterexample for hours, and be ended by the runner without having said what failed.
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), interruptAfterTimeLimit: 240_000 });
