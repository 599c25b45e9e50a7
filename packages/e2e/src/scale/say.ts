/** Prints how a run goes, line by line. */
export type Say = (line: string) => void;
