/**
 * The topic on which a lab's observations are published in the form of one of these filters, the first: what access rules say
 * of it holds for a lab that a payload names, too.
 */
export function topicOfLab([filter = 'labs/+/observation']: readonly string[], lab: string): string {
  const places = filter.split(/[+#]/);
  const levels = lab.split('/');
  const words = places.length - 1 === levels.length ? levels : [lab];
  if (words.length < places.length - 1) return `${places[0]}${lab}${places.at(-1)}`;
  return places.map((text, i) => text + (words[i] ?? '')).join('');
}
