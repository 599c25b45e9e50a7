import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMosquitto } from '@humtemp/test-services';
import { FileProblem } from '@humtemp/watched-files';
import { parseAclFile } from './acl-file.js';

const GOOD = [
  '',
  '\n \n\t\n',
  '# nothing\n#',
  'user anna\n',
  'topic a',
  'topic read a\n  topic write b\n',
  'topic read',
  'topic  deny   a b  \n',
  'topic read\ta\n',
  'topic a//b/+/#\ntopic +\ntopic #\ntopic /\n',
  'pattern read %u/%c\npattern no/place\n',
  'user two words\r\ntopic a\r\n',
  'user anna\nuser anna\n',
  `topic ${'a/'.repeat(200)}`,
];

const BAD = [
  'user\n',
  'user   \n',
  'topic\n',
  'pattern \n',
  ' # no comment\n',
  'topics a\n',
  'Topic a\n',
  'anna\n',
  'topic\tread a\n',
  'topic Read a\n',
  'topic a b\n',
  'topic read a#\n',
  'topic read #/a\n',
  'topic a+/b\n',
  'topic a/+b\n',
  'pattern +%c\n',
  'pattern readonly %c\n',
  '\ufefftopic a\n',
  `topic ${'a/'.repeat(201)}`,
];

for (const [verdict, files] of [
  ['takes', GOOD],
  ['refuses', BAD],
] as const)
  test(`an acl file that Mosquitto ${verdict}, so does parseAclFile`, async () => {
    for (const content of files) {
      // Below a good line, so that the number of the bad one is not always the first.
      const rules = content.startsWith('\ufeff') ? content : `topic x\n${content}`;
      let theirs = 'takes';
      let ours = 'takes';
      try {
        const mosquitto = await startMosquitto({ config: 'acl_file {folder}/rules', files: { rules } });
        await mosquitto.close();
      } catch (error) {
        assert.match(String(error), /Error opening acl file/);
        theirs = 'refuses';
      }
      try {
        parseAclFile(rules, 'rules');
      } catch (error) {
        assert.ok(error instanceof FileProblem, String(error));
        assert.match(error.message, /^rules, line [12]: expected /);
        ours = 'refuses';
      }
      assert.deepEqual({ content, theirs, ours }, { content, theirs: verdict, ours: verdict });
    }
  });
