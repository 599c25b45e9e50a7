import type { ChainableCommander } from 'ioredis';

/** Runs a pipeline and gives its replies. @throws the first error among them. */
export async function executePipeline(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = await pipeline.exec();
  if (replies === null) throw new Error('the pipeline was aborted');
  return replies.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}
