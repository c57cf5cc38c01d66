import { answersAsDocumented, LINKING } from '../support/answers-as-documented.js';

answersAsDocumented(LINKING);
