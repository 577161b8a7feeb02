// The minimum privileges that landfall needs on a replica set. Run it on the primary as a user who may create roles. A second run updates the
// roles and leaves users unchanged:
//
//     mongosh "mongodb://…/admin?replicaSet=orders" docs/mongodb-roles.js
//
// `hello` needs no login. `getLog` is used only to verify a step-down whose reply was lost; without it, two people must resolve the step.
// `getDefaultRWConcern` shows the write concern that the server accepts when an arbiter is added or removed. `inprog` lists the long operations
// that a step-down would kill. The canary role is only for sets whose plan has a canary (remove its line for others); its collection is the one
// in the plan.
const cluster = { cluster: true }, canary = { db: "landfall", collection: "canary" };
const roles = {
  "landfall-read": ["replSetGetStatus", "replSetGetConfig", "serverStatus", "inprog", "getLog", "getDefaultRWConcern"],
  "landfall-operate": ["replSetGetConfig", "replSetConfigure", "replSetStateChange"],
  "landfall-canary": ["insert", "update"],
};
const admin = db.getSiblingDB("admin");
for (const [role, actions] of Object.entries(roles)) {
  const privileges = [{ resource: role === "landfall-canary" ? canary : cluster, actions }];
  if (admin.getRole(role)) admin.updateRole(role, { privileges, roles: [] });
  else admin.createRole({ role, privileges, roles: [] });
  if (admin.getUser(role)) continue;
  print(`A password for ${role}:`);
  admin.createUser({ user: role, pwd: passwordPrompt(), roles: [role] });
}
