export const FLOOR = 'floor';
export const CHECKED_FLOOR = 'floor, signatures checked';
export const OURS = 'this library';
export const OURS_LAZY = 'this library, lazy';
export const PYTHON = 'Python wrapper';
export const SEQUENTIAL = 'sequential Node.js';
export const RUN_TIME_INSTALL = 'install at run time';

/** Contenders that are far from the others, and need fewer rounds to show it. */
export const DISTANT = [CHECKED_FLOOR, PYTHON, SEQUENTIAL, RUN_TIME_INSTALL];
