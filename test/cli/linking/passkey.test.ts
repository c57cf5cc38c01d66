import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Phone } from '../../../src/simulator/index.js';
import { authenticator, WHATSAPP_WEB } from '../../support/authenticator.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../../support/service.js';
import { run } from '../support/run.js';

let service: Service;
let folder: string;
let count = 0;

beforeAll(async () => {
  service = await startService();
  folder = mkdtempSync(join(tmpdir(), 'wa-privacy-passkey-'));
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

type Browser = ReturnType<typeof authenticator>;

/** An instance, a phone that is linked only with its passkey, and the browser that has the passkey. */
async function desk() {
  const name = `passkey-${++count}`;
  await service.client.call(Instances.createInstance, { name });
  const browser = authenticator();
  const phoneNumber = `1555050${1000 + count}`;
  const phone = service.simulator.addPhone({ phoneNumber, passkey: browser.passkey });
  return { name, browser, phone };
}

/** What the console of a page at WhatsApp shows after the last code in the text was pasted there. */
async function inConsole(text: string, browser: Browser): Promise<string> {
  const code = text.slice(text.lastIndexOf('(async options =>'), text.lastIndexOf('});') + 3);
  const shown: string[] = [];
  let hasClicked = false;
  await runInNewContext(code, {
    console: { log: (line: string) => void shown.push(line) },
    addEventListener(_: 'click', clicked: () => void) {
      hasClicked = true;
      clicked();
    },
    PublicKeyCredential: { parseRequestOptionsFromJSON: (options: object) => ({ parsed: options }) },
    navigator: {
      credentials: {
        async get({ publicKey }: { publicKey: { parsed: object } }) {
          if (!hasClicked) throw new Error('NotAllowedError: the page has not the focus');
          return { toJSON: () => JSON.parse(browser.get(JSON.stringify(publicKey.parsed), WHATSAPP_WEB)) };
        },
      },
    },
  });
  return shown.at(-1) ?? '';
}

type Act = (found: RegExpExecArray, type: (line: string) => void) => unknown;

/** Does each of these once, in order, when its pattern has come. */
function onceShown(...acts: [RegExp, Act][]) {
  return (stdout: string, type: (line: string) => void) => {
    for (let found = acts[0]?.[0].exec(stdout); found; found = acts[0]?.[0].exec(stdout))
      void acts.shift()?.[1](found, type);
  };
}

const env = () => ({ WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: ACCOUNT_TOKEN });
/** Hands on each line once, when it is whole. */
function eachLine(take: (line: string) => unknown) {
  let taken = 0;
  return (stdout: string) => {
    for (const line of stdout.split('\n').slice(taken, -1)) {
      taken++;
      take(line);
    }
  };
}
/** Scans each code as it is printed. */
const scanEach = (phone: Phone) => eachLine(line => line.startsWith('https://wa.me/') && phone.scan(line));

describe('link, for an account that is linked only with its passkey', () => {
  test('by QR takes from standard input what the browser made of the code it had printed', async () => {
    const { name, browser, phone } = await desk();
    const ended = await run(['link', name], {
      env: env(),
      watch: scanEach(phone),
      answer: onceShown(
        [/\}\)\(\{.*\}\);\n/, (_, type) => type('not the answer')],
        [/(?=within \d minutes)/, async ({ input }, type) => type(await inConsole(input, browser))],
      ),
    });
    expect(ended.stderr).toMatch(/^INVALID_ARGUMENT INVALID_REQUEST: assertion_json must be the JSON/);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain(`opens ${WHATSAPP_WEB} in a browser`);
    const code = phone.confirmationCode()?.replace(/^(.{4})/, '$1-');
    expect(ended.stdout).toContain(`If the phone shows another code than ${code}, press Ctrl-C.`);
    expect(ended.stdout).toMatch(/state +CONNECTED/);
  });

  test.runIf(process.platform === 'linux')(
    'by pairing code, on a terminal, takes what is typed, and waits for the codes to be compared',
    async () => {
      const { name, browser, phone } = await desk();
      const ended = await run(['link', name, '--code', `+${phone.phoneNumber}`, '--compare-code'], {
        env: env(),
        terminal: true,
        answer: onceShown(
          [/ {4}(\w{4}-\w{4})\r\n/, ([, code = '']) => phone.enterCode(code)],
          [/within \d minutes/, async ({ input }, type) => type(await inConsole(input, browser))],
          [/Type yes or no\.\r\n/, (_, type) => type('perhaps')],
          [/perhaps\r\nType yes or no\.\r\n/, (_, type) => type('yes')],
        ),
      });
      expect(ended.stdout).toContain(`this code: ${phone.confirmationCode()?.replace(/^(.{4})/, '$1-')}`);
      expect(ended.stdout).toMatch(/state +CONNECTED/);
      expect(ended.code).toBe(0);
    },
  );

  test('takes the answer from a file, and tries again once that has changed', async () => {
    const { name, browser, phone } = await desk();
    const file = join(folder, 'answer.json');
    writeFileSync(file, '{"old": true}');
    const submissions = () => service.log.filter(line => line.includes('SubmitPasskeyAssertion')).length;
    const before = submissions();
    const refused = vi.waitUntil(() => submissions() > before, { timeout: 60_000 });
    const ended = await run(['link', name, '--passkey-file', file, '--json'], {
      env: env(),
      watch: eachLine(line => {
        const { qrCode, passkeyRequest } = JSON.parse(line);
        if (qrCode) void phone.scan(qrCode.payload);
        if (passkeyRequest)
          void refused.then(() => writeFileSync(file, browser.get(passkeyRequest.optionsJson)));
      }),
    });
    expect(ended.stderr).toContain('INVALID_REQUEST');
    expect(ended.code).toBe(0);
    const events = ended.stdout
      .trim()
      .split('\n')
      .map(line => Object.keys(JSON.parse(line))[0]);
    expect(events.slice(-3)).toEqual(['passkeyRequest', 'passkeyConfirmation', 'linked']);
  });

  test('links nothing when the codes are said to differ', async () => {
    const { name, browser, phone } = await desk();
    const ended = await run(['link', name, '--compare-code'], {
      env: env(),
      watch: scanEach(phone),
      answer: onceShown(
        [/within \d minutes/, async ({ input }, type) => type(await inConsole(input, browser))],
        [/Type yes or no\./, (_, type) => type('no')],
      ),
    });
    expect(ended.code).toBe(1);
    expect(phone.devices()).toEqual([]);
  });

  test('ends at once when it is told that nobody can answer', async () => {
    const { name, phone } = await desk();
    const ended = await run(['link', name, '--no-passkey'], { env: env(), watch: scanEach(phone) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^FAILED_PRECONDITION PASSKEY_REQUIRED: /);
  });
});
