import { ProblemError } from '../http/problem.js';

export function unknownLab(lab: string): ProblemError {
  return new ProblemError({ status: 404, detail: `no lab ${lab} is known` });
}
