import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiReference } from '../../scripts/api-reference/pages.ts';

const BUF = join(import.meta.dirname, '../../node_modules/.bin/buf');
const FILES = {
  'google/api/field_behavior.proto': `syntax = "proto3";
package google.api;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions { repeated FieldBehavior field_behavior = 1052; }
enum FieldBehavior { FIELD_BEHAVIOR_UNSPECIFIED = 0; REQUIRED = 2; }
`,
  'whatsapp/privacy/v1/wire.proto': `syntax = "proto3";
package whatsapp.privacy.v1;
import "google/protobuf/descriptor.proto";
extend google.protobuf.EnumValueOptions { string wire_value = 79427; }
`,
  'whatsapp/privacy/v1/desk.proto': `syntax = "proto3";
package whatsapp.privacy.v1;
import "google/api/field_behavior.proto";
import "whatsapp/privacy/v1/wire.proto";

// Opens desks. It closes none.
service DeskService {
  // Opens a desk. Errors: DESK_TAKEN of ErrorReason, in an OpenDeskResponse never.
  rpc OpenDesk(OpenDeskRequest) returns (stream OpenDeskResponse) {
    option idempotency_level = IDEMPOTENT;
  }
}
// Which desk.
message OpenDeskRequest {
  // Its name.
  string desk = 1 [(google.api.field_behavior) = REQUIRED];
  // Its labels.
  map<string, string> labels = 2;
  // Where it stands.
  oneof place {
    // A room.
    string room = 3;
    // A floor.
    int32 floor = 4 [deprecated = true];
  }
}
// The answer.
message OpenDeskResponse {
  // How it went.
  enum State {
    // Never sent.
    STATE_UNSPECIFIED = 0;
    // Open.
    STATE_OPEN = 1 [(wire_value) = "opened"];
  }
  // What it came to.
  repeated State states = 1;
}
// Why.
enum ErrorReason {
  // None.
  ERROR_REASON_UNSPECIFIED = 0;
  // ALREADY_EXISTS: somebody sits there.
  //
  //     {
  //       "reason": "DESK_TAKEN"
  //     }
  //
  // More on \`DESK_TAKEN\`.
  ERROR_REASON_DESK_TAKEN = 1;
}
`,
};

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

let pages: Map<string, string>;
beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  execFileSync(BUF, ['build', '--as-file-descriptor-set', '-o', 'set.binpb'], { cwd: folder });
  pages = apiReference(readFileSync(join(folder, 'set.binpb')));
});

test('every file of the contract has a page, and what others wrote has none', () => {
  expect([...pages.keys()]).toEqual(['README.md', 'desk.md', 'wire.md']);
});

test('the first page has the methods, each with the first sentence on it', () => {
  expect(pages.get('README.md')).toContain(
    '\n| [OpenDesk](desk.md#DeskService.OpenDesk) | Opens a desk. |\n',
  );
});

test('a method tells what it takes and gives, and links the types and reasons it names', () => {
  expect(pages.get('desk.md')).toContain(`### <a id="DeskService.OpenDesk"></a>OpenDesk

[OpenDeskRequest](desk.md#OpenDeskRequest) → stream of [OpenDeskResponse](desk.md#OpenDeskResponse), \`IDEMPOTENT\`

Opens a desk. Errors: [DESK_TAKEN](desk.md#DESK_TAKEN) of [ErrorReason](desk.md#ErrorReason), in an [OpenDeskResponse](desk.md#OpenDeskResponse) never.
`);
});

test('a message tells of each field its number, type, options and comment', () => {
  expect(pages.get('desk.md')).toContain(`### <a id="OpenDeskRequest"></a>OpenDeskRequest

Which desk.

- \`desk\` = 1, \`string\`, \`REQUIRED\`

  Its name.

- \`labels\` = 2, map of \`string\` to \`string\`

  Its labels.

- one of \`place\`

  Where it stands.

  - \`room\` = 3, \`string\`

    A room.

  - \`floor\` = 4, \`int32\`, **deprecated**

    A floor.

### `);
});

test('an enum inside a message has its wire words', () => {
  const text = pages.get('desk.md');
  expect(text).toContain(
    '- `states` = 1, repeated [OpenDeskResponse.State](desk.md#OpenDeskResponse.State)\n',
  );
  expect(text).toContain('- `STATE_OPEN` = 1, wire word `opened`\n\n  Open.\n');
});

test('the example of a reason is JSON within its item', () => {
  expect(pages.get('desk.md')).toContain(`- <a id="DESK_TAKEN"></a>\`ERROR_REASON_DESK_TAKEN\` = 1

  ALREADY_EXISTS: somebody sits there.

  \`\`\`json
  {
    "reason": "DESK_TAKEN"
  }
  \`\`\`

  More on \`DESK_TAKEN\`.
`);
});
