// The least that landfall needs of a replica set. Run on its primary, by somebody who may make roles:
//
//     mongosh "mongodb://…/admin?replicaSet=orders" docs/mongodb-roles.js
//
// `hello` needs no login. `getLog` is only for telling whether a step down whose answer was lost was ours; without it that stays a
// question for two people. `inprog` is for naming the long operations that a step down would kill.
const roles = {
  "landfall-watch": ["replSetGetStatus", "replSetGetConfig", "serverStatus", "inprog", "getLog"],
  "landfall-operate": ["replSetGetConfig", "replSetConfigure", "replSetStateChange"],
};
for (const [role, actions] of Object.entries(roles)) {
  db.getSiblingDB("admin").createRole({ role, privileges: [{ resource: { cluster: true }, actions }], roles: [] });
  db.getSiblingDB("admin").createUser({ user: role, pwd: passwordPrompt(), roles: [role] });
}
