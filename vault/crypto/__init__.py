"""Keys and sealed bytes. This page is the key-management rule; SECURITY.md has the formats byte by byte.

A password with a device's secret (or a code on paper) opens a *slot*; the slot holds a person's private key; the
private key opens *grants* of compartment keys; a compartment key opens the *ring* of its folder keys; a folder key
seals everything that is stored about one client. All of these lie in one *keystore*, sealed as a whole under the
shred key, whose destruction is how things are erased. Who may hold which key is said by a *directory* signed with
the office's key, and every person pins that key: what anybody can seal, only the directory makes valid.

This floor turns bytes into bytes. It knows no disk, no clock and no record.
"""
