import { REJECTION_REASONS } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';

/** A rejection reason as the API's documents have it. */
export const Reason = Type.Union(REJECTION_REASONS.map((reason) => Type.Literal(reason)));
