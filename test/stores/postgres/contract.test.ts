import { storeContract } from '../contract.js';
import { postgresData } from './postgres-data.js';

storeContract(postgresData);
