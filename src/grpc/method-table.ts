import { InstanceServiceService } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService } from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { TokenServiceService } from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { READ, READ_ALL, WRITE, WRITE_ALL } from '../access/permits.js';
import { type Deadlines, LONGEST_CALL_MS, type Method, methodsOf } from './method.js';

/** A thousand instances take a while. */
const APPLYING: Deadlines = { maximumMs: 600_000, defaultMs: 600_000 };

/** As long as the caller likes, but one stream ends before its connection does, of old age. */
const WATCHING: Deadlines = {
  maximumMs: LONGEST_CALL_MS,
  defaultMs: LONGEST_CALL_MS,
  endsWell: true,
};

/** All of it may have to go over a slow line. */
const BACKING_UP: Deadlines = { maximumMs: LONGEST_CALL_MS, defaultMs: LONGEST_CALL_MS };

/** A person has to find the phone and WhatsApp's menu; for a passkey WhatsApp gives ten minutes more. */
const LINKING: Deadlines = { maximumMs: 1_200_000, defaultMs: 1_200_000 };

const PRIVACY_SERVICE = methodsOf(
  PrivacyServiceService,
  {
    getPrivacySettings: { permit: READ, about: 'instance' },
    listPrivacySettings: { permit: READ, about: 'covered' },
    describePrivacySettings: { permit: READ, about: 'instance' },
    updatePrivacySettings: { permit: WRITE, about: 'instance' },
    applyPrivacySettings: { permit: WRITE, about: 'instances', deadlines: APPLYING },
    getApplyResult: { permit: READ, about: 'covered' },
    watchPrivacySettings: { permit: READ, about: 'instances', deadlines: WATCHING },
    listPrivacyChanges: { permit: READ, about: 'instance' },
    getContactBlacklist: { permit: READ, about: 'instance' },
    updateContactBlacklist: { permit: WRITE, about: 'instance', hasOneOutcome: true },
  },
  { keepsOriginWords: true },
);

const INSTANCE_SERVICE = methodsOf(
  InstanceServiceService,
  {
    createInstance: { permit: WRITE_ALL, limit: 'createsPerMinute' },
    batchCreateInstances: { permit: WRITE_ALL, limit: 'batchCreatesPerHour' },
    getInstance: { permit: READ, about: 'instance' },
    listInstances: { permit: READ, about: 'covered' },
    updateInstance: { permit: WRITE, about: 'instance' },
    deleteInstance: { permit: WRITE_ALL, about: 'instance' },
    linkInstance: { permit: WRITE, about: 'instance', deadlines: LINKING },
    submitPasskeyAssertion: { permit: WRITE, about: 'instance' },
    confirmPasskeyCode: { permit: WRITE, about: 'instance' },
    importInstance: { permit: WRITE_ALL, about: 'instance' },
    unlinkInstance: { permit: WRITE, about: 'instance' },
    reconnectInstance: { permit: WRITE, about: 'instance' },
  },
  { keepsOriginWords: false },
);

const TOKEN_SERVICE = methodsOf(
  TokenServiceService,
  {
    createToken: { permit: WRITE_ALL },
    listTokens: { permit: READ_ALL },
    revokeToken: { permit: WRITE_ALL },
    rotateToken: { permit: WRITE_ALL },
  },
  { keepsOriginWords: false },
);

const NODE_SERVICE = methodsOf(
  NodeServiceService,
  {
    getServerInfo: { permit: READ, about: 'covered' },
    getWhatsAppVersion: { permit: READ_ALL },
    listNodes: { permit: READ_ALL },
    listLeases: { permit: READ_ALL },
    drainNode: { permit: WRITE_ALL },
    downloadBackup: { permit: WRITE_ALL, deadlines: BACKING_UP },
  },
  { keepsOriginWords: false },
);

/** Every method of the contract by its path, with what its comments in `proto` say. Health and reflection have none. */
export const METHODS: ReadonlyMap<string, Method> = new Map([
  ...PRIVACY_SERVICE,
  ...INSTANCE_SERVICE,
  ...TOKEN_SERVICE,
  ...NODE_SERVICE,
]);
