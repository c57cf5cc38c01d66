import { storeContract } from './contract.js';
import { sqliteData } from './sqlite-data.js';

storeContract(sqliteData);
